#pragma once

#include <array>
#include <string_view>

/// Words of which the simulated directory is made. No person or company of these names is meant; addresses end in
/// .example, which can belong to nobody (RFC 2606).
namespace mirror::simulator {

/// A word as it is written and as it stands in an address.
struct Word {
  std::string_view text;
  std::string_view ascii;
};

inline constexpr std::array<Word, 60> first_names{{
    {"Ada", "ada"},           {"Amélie", "amelie"},     {"Aoife", "aoife"},       {"Arjun", "arjun"},
    {"Astrid", "astrid"},     {"Ayşe", "ayse"},         {"Beatriz", "beatriz"},   {"Björn", "bjorn"},
    {"Carlos", "carlos"},     {"Chidi", "chidi"},       {"Chloé", "chloe"},       {"Daniela", "daniela"},
    {"Dmitri", "dmitri"},     {"Ebba", "ebba"},         {"Elif", "elif"},         {"Emma", "emma"},
    {"Fatima", "fatima"},     {"Felix", "felix"},       {"François", "francois"}, {"Grace", "grace"},
    {"Hana", "hana"},         {"Hassan", "hassan"},     {"Henrik", "henrik"},     {"Imani", "imani"},
    {"Ingrid", "ingrid"},     {"Isabella", "isabella"}, {"Jamal", "jamal"},       {"Jürgen", "jurgen"},
    {"Kaito", "kaito"},       {"Kofi", "kofi"},         {"Lars", "lars"},         {"Leila", "leila"},
    {"Liam", "liam"},         {"Łukasz", "lukasz"},     {"Mateo", "mateo"},       {"Mei", "mei"},
    {"Michael", "michael"},   {"Naoki", "naoki"},       {"Ngozi", "ngozi"},       {"Noor", "noor"},
    {"Olivia", "olivia"},     {"Omar", "omar"},         {"Paulo", "paulo"},       {"Priya", "priya"},
    {"Quinn", "quinn"},       {"Rafael", "rafael"},     {"Rosa", "rosa"},         {"Samir", "samir"},
    {"Sofía", "sofia"},       {"Søren", "soren"},       {"Sven", "sven"},         {"Tomás", "tomas"},
    {"Tuulikki", "tuulikki"}, {"Uma", "uma"},           {"Wei", "wei"},           {"Yara", "yara"},
    {"Yusuf", "yusuf"},       {"Zoë", "zoe"},           {"美咲", "misaki"},       {"Владимир", "vladimir"},
}};

inline constexpr std::array<Word, 60> last_names{{
    {"Abebe", "abebe"},         {"Adeyemi", "adeyemi"},     {"Ahmed", "ahmed"},
    {"Andersen", "andersen"},   {"Bakker", "bakker"},       {"Banerjee", "banerjee"},
    {"Bauer", "bauer"},         {"Bianchi", "bianchi"},     {"Brown", "brown"},
    {"Castillo", "castillo"},   {"Chen", "chen"},           {"Costa", "costa"},
    {"D'Angelo", "dangelo"},    {"de la Cruz", "delacruz"}, {"Dubois", "dubois"},
    {"Eriksson", "eriksson"},   {"Fernández", "fernandez"}, {"Fischer", "fischer"},
    {"Garcia", "garcia"},       {"Haddad", "haddad"},       {"Hansen", "hansen"},
    {"Horvat", "horvat"},       {"Ivanova", "ivanova"},     {"Jensen", "jensen"},
    {"Johansson", "johansson"}, {"Kaya", "kaya"},           {"Kim", "kim"},
    {"Kowalski", "kowalski"},   {"Kumar", "kumar"},         {"Larsen", "larsen"},
    {"Lopes", "lopes"},         {"Martin", "martin"},       {"Mbeki", "mbeki"},
    {"Meyer", "meyer"},         {"Müller", "mueller"},      {"Nakamura", "nakamura"},
    {"Nguyen", "nguyen"},       {"Novák", "novak"},         {"O'Brien", "obrien"},
    {"Okafor", "okafor"},       {"Olsen", "olsen"},         {"Papadopoulos", "papadopoulos"},
    {"Patel", "patel"},         {"Popescu", "popescu"},     {"Ramírez", "ramirez"},
    {"Rossi", "rossi"},         {"Saito", "saito"},         {"Santos", "santos"},
    {"Schneider", "schneider"}, {"Silva", "silva"},         {"Singh", "singh"},
    {"Smith", "smith"},         {"Suzuki", "suzuki"},       {"Tanaka", "tanaka"},
    {"Torres", "torres"},       {"van Dijk", "vandijk"},    {"Virtanen", "virtanen"},
    {"Wilson", "wilson"},       {"Yılmaz", "yilmaz"},       {"Zhang", "zhang"},
}};

inline constexpr std::array<Word, 40> company_names{{
    {"Aurora", "aurora"},
    {"Basalt", "basalt"},
    {"Bluewater", "bluewater"},
    {"Borealis", "borealis"},
    {"Bright Harbor", "brightharbor"},
    {"Caldera", "caldera"},
    {"Cedar & Stone", "cedarstone"},
    {"Cobalt", "cobalt"},
    {"Copperfield", "copperfield"},
    {"Delta Nine", "deltanine"},
    {"Driftwood", "driftwood"},
    {"Ember", "ember"},
    {"Fjord", "fjord"},
    {"Foxglove", "foxglove"},
    {"Granite Peak", "granitepeak"},
    {"Greenline", "greenline"},
    {"Halcyon", "halcyon"},
    {"Hollow Oak", "hollowoak"},
    {"Ironbridge", "ironbridge"},
    {"Juniper", "juniper"},
    {"Kestrel", "kestrel"},
    {"Lantern", "lantern"},
    {"Larkspur", "larkspur"},
    {"Meridian", "meridian"},
    {"Monsoon", "monsoon"},
    {"Nimbus", "nimbus"},
    {"Northwind", "northwind"},
    {"Obsidian", "obsidian"},
    {"Orchard", "orchard"},
    {"Pinecrest", "pinecrest"},
    {"Quarry", "quarry"},
    {"Redwood", "redwood"},
    {"Saffron", "saffron"},
    {"Silverlake", "silverlake"},
    {"Slate", "slate"},
    {"Tidewater", "tidewater"},
    {"Umbra", "umbra"},
    {"Verdant", "verdant"},
    {"Willow", "willow"},
    {"Zephyr", "zephyr"},
}};

inline constexpr std::array<Word, 16> company_kinds{{
    {"Analytics", "analytics"},
    {"Bank", "bank"},
    {"Biotech", "biotech"},
    {"Energy", "energy"},
    {"Foods", "foods"},
    {"Freight", "freight"},
    {"GmbH", "gmbh"},
    {"Health", "health"},
    {"Insurance", "insurance"},
    {"Labs", "labs"},
    {"Logistics", "logistics"},
    {"Media", "media"},
    {"Robotics", "robotics"},
    {"S.à r.l.", "sarl"},
    {"Software", "software"},
    {"Systems", "systems"},
}};

inline constexpr std::array<std::string_view, 10> departments{
    "engineering", "finance", "legal", "marketing", "operations", "people", "product", "research", "sales", "support"};
inline constexpr std::array<std::string_view, 4> plans{"free", "team", "business", "enterprise"};
inline constexpr std::array<std::string_view, 8> locales{"en-US",  "en-GB", "de-DE", "fr-FR",
                                                         "es-419", "ja",    "pt-BR", "nl-NL"};
/// Most members are members.
inline constexpr std::array<std::string_view, 8> roles{"member", "member", "member",  "member",
                                                       "member", "editor", "billing", "admin"};

}  // namespace mirror::simulator
