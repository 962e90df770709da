#include "reconcile/plan_file.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <nlohmann/json.hpp>

#include "reconcile/plan_json.hpp"
#include "support/error.hpp"

namespace mirror::reconcile {
namespace {

using nlohmann::json;

constexpr const char* format_name = "authkit-mirror reconcile plan";
constexpr int format_version = 1;
constexpr const char* key_purpose = "authkit-mirror reconcile plan, version 1";
constexpr const char* plan_again = "make a new one with `authkit-mirror reconcile plan`";

std::string hexadecimal(const unsigned char* bytes, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

std::string sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw Error(Fault::bug, "OpenSSL has no SHA-256");
  }
  return hexadecimal(hash.data(), size);
}

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), hash.data(), &size);
  return hexadecimal(hash.data(), size);
}

/// Not the API key itself: what signs plans can do nothing else.
std::string signature_of(const std::string& content, const Secret& api_key) {
  return hmac(hmac(api_key.expose(), key_purpose), content);
}

/// In constant time.
bool is_equal(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string content_of(const json& plan) {
  return plan.dump(-1, ' ', false, json::error_handler_t::replace);
}

Error no_plan(const std::string& why) {
  return {Fault::usage, "the file is no plan of this version: " + why, plan_again};
}

json parse(std::string_view text) {
  json file = json::parse(text, nullptr, false);
  if (!file.is_object()) throw no_plan("it is not a JSON object");
  if (file.value("format", json()) != format_name) throw no_plan("it does not say that it is one");
  if (file.value("version", json()) != format_version) throw no_plan("it has another version");
  if (!file.value("plan", json()).is_object() || !file.value("digest", json()).is_string() ||
      !file.value("signature", json()).is_string()) {
    throw no_plan("plan, digest or signature is missing");
  }
  return file;
}

}  // namespace

std::string digest_of(const Plan& plan) {
  return sha256(content_of(json_of(plan)));
}

std::string write_plan_file(const Plan& plan, const Secret& api_key) {
  const json content = json_of(plan);
  const std::string canonical = content_of(content);
  const nlohmann::ordered_json file{{"format", format_name},
                                    {"version", format_version},
                                    {"digest", sha256(canonical)},
                                    {"signature", signature_of(canonical, api_key)},
                                    {"plan", content}};
  return file.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

SealedPlan read_plan_file(std::string_view text, const Secret& api_key) {
  const json file = parse(text);
  const std::string canonical = content_of(file["plan"]);
  const std::string digest = sha256(canonical);
  if (digest != file["digest"]) throw Error(Fault::usage, "the plan was edited after it was made", plan_again);
  if (!is_equal(signature_of(canonical, api_key), file["signature"].get<std::string>())) {
    throw Error(Fault::usage, "the plan's signature is wrong: it was edited, or made with another API key", plan_again);
  }
  try {
    return {plan_of(file["plan"]), digest};
  } catch (const json::exception&) {
    throw no_plan("its content has another form");
  }
}

}  // namespace mirror::reconcile
