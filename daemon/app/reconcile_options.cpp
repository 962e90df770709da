#include "app/reconcile_options.hpp"

#include "app/option_table.hpp"

namespace mirror::app {

void add_reconcile_options(std::vector<Option>& table) {
  constexpr double many = 1e9;
  table.push_back({.key = "reconcile.protect_file",
                   .type = OptionType::path,
                   .default_text = "",
                   .help = "File of users and organizations that no plan touches, a line each.",
                   .store = [](Config& c, const OptionValue& v) { c.reconcile.protect_file = v.text; }});
  table.push_back({.key = "reconcile.max_count",
                   .type = OptionType::whole,
                   .default_text = "500",
                   .help = "More changes of one kind than this need an approval.",
                   .least = 0,
                   .most = many,
                   .store = [](Config& c, const OptionValue& v) { c.reconcile.limits.max_count = v.whole; }});
  table.push_back({.key = "reconcile.min_count",
                   .type = OptionType::whole,
                   .default_text = "20",
                   .help = "Up to this many never need one by percentage.",
                   .least = 0,
                   .most = many,
                   .store = [](Config& c, const OptionValue& v) { c.reconcile.limits.min_count = v.whole; }});
  table.push_back({.key = "reconcile.max_percent",
                   .type = OptionType::decimal,
                   .default_text = "5",
                   .help = "Percentage of what such changes could be about beyond which they need an approval.",
                   .least = 0,
                   .most = 100,
                   .store = [](Config& c, const OptionValue& v) { c.reconcile.limits.max_percent = v.decimal; }});
}

}  // namespace mirror::app
