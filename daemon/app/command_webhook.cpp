#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <system_error>

#include "app/command_session.hpp"
#include "app/credentials.hpp"
#include "app/secret_file.hpp"
#include "app/text_table.hpp"
#include "app/webhook_endpoints.hpp"
#include "app/webhook_trial.hpp"
#include "support/error.hpp"

namespace mirror::app {
namespace {

using Json = nlohmann::ordered_json;

struct WebhookArguments {
  std::string action;
  std::string target;
  std::string secret_file;
};

std::string require_target(const WebhookArguments& arguments, const char* what) {
  if (!arguments.target.empty()) return arguments.target;
  throw Error(Fault::usage, fmt::format("webhook {} needs {}", arguments.action, what),
              "`authkit-mirror webhook --help` has examples");
}

/// A new endpoint, or what became of it; its secret only if no file takes that.
ExitCode report(const Invocation& invocation, const char* done, Json endpoint, const WebhookArguments& arguments) {
  const bool is_filed = !arguments.secret_file.empty();
  if (is_filed) endpoint["secret"] = hidden_secret;
  if (invocation.json) {
    std::cout << endpoint.dump(2) << "\n";
    return ExitCode::done;
  }
  std::cout << fmt::format("{} {}: {} types of event go to {}\n", endpoint.value("id", ""), done,
                           endpoint["events"].size(), endpoint.value("endpoint_url", ""));
  if (is_filed) {
    std::cout << "its secret is in " << arguments.secret_file << "; restart the daemon, then try `webhook test`\n";
  } else {
    std::cout << "secret: " << endpoint.value("secret", "") << "\n";
  }
  return ExitCode::done;
}

ExitCode update(const Invocation& invocation, WebhookEndpoints& endpoints, const Json& existing, const Config& config) {
  Json endpoint = endpoints.update(existing.at("id"), followed_event_types(config));
  endpoint["secret"] = hidden_secret;  // whoever has it goes on with it
  if (invocation.json) {
    std::cout << endpoint.dump(2) << "\n";
  } else {
    std::cout << fmt::format("{} was there already: {} types of event go to it now; its secret stays\n",
                             endpoint.value("id", ""), endpoint["events"].size());
  }
  return ExitCode::done;
}

/// A secret exists only once, so nothing may be made at WorkOS before it is sure where that goes.
void require_free_place(const std::string& file) {
  std::error_code problem;
  const auto found = std::filesystem::status(file, problem);
  if (std::filesystem::exists(found)) {
    throw Error(Fault::usage, file + " is there already, and may hold a secret that is in use",
                "name a new file, or use webhook rotate");
  }
  if (found.type() == std::filesystem::file_type::not_found) return;
  throw Error(Fault::misconfigured, file + ": can't be looked at: " + problem.message() + "; nothing was registered",
              "name a file in a directory that this user may use, or run this as root (sudo), with the key's file by "
              "--set api.key_file=...");
}

ExitCode register_endpoint(const Invocation& invocation, const WebhookArguments& arguments,
                           const CommandSession& session, WebhookEndpoints& endpoints) {
  const std::string url = require_target(arguments, "the endpoint's address, https://HOST/webhooks/workos");
  if (!url.starts_with("https://")) {
    throw Error(Fault::usage, "WorkOS sends webhooks to https addresses only", "put TLS in front of webhook.listen");
  }
  const Json existing = endpoints.find("endpoint_url", url);
  if (!existing.is_null()) return update(invocation, endpoints, existing, session.config);
  std::optional<SecretFile> file;
  if (!arguments.secret_file.empty()) {
    require_free_place(arguments.secret_file);
    file.emplace(arguments.secret_file);
  }
  const Json made = endpoints.create(url, followed_event_types(session.config));
  if (file) file->commit({Secret(made.at("secret").get<std::string>())});
  return report(invocation, "is registered", made, arguments);
}

/// WorkOS has no other way to a new secret than a new endpoint, and takes no second one with the same address.
Json replace(WebhookEndpoints& endpoints, const Json& old) {
  const std::string url = old.at("endpoint_url");
  endpoints.remove(old.at("id"));
  try {
    return endpoints.create(url, old.at("events"));
  } catch (const Error& error) {
    throw Error(error.fault(), fmt::format("the old endpoint is deleted, and no new one made: {}", error.what()),
                fmt::format("Make it with `authkit-mirror webhook register {}`.", url));
  }
}

ExitCode rotate(const Invocation& invocation, const WebhookArguments& arguments, WebhookEndpoints& endpoints) {
  const std::string id = require_target(arguments, "the endpoint's id (webhook list)");
  const Json old = endpoints.find("id", id);
  if (old.is_null())
    throw Error(Fault::usage, "there is no endpoint " + id, "`authkit-mirror webhook list` shows them");
  std::vector<Secret> secrets{Secret()};
  std::optional<SecretFile> file;
  if (!arguments.secret_file.empty()) {
    std::string first;
    std::istringstream(read_secret_file(arguments.secret_file).expose()) >> first;
    secrets.emplace_back(first);  // deliveries that are under way, and sent again, are signed with it
    file.emplace(arguments.secret_file);
  }
  const Json made = replace(endpoints, old);
  secrets.front() = Secret(made.at("secret").get<std::string>());
  if (file) file->commit(secrets);
  return report(invocation, "takes the place of the old one", made, arguments);
}

std::string fit(const Json& endpoint, const std::vector<std::string>& wanted) {
  const auto events = endpoint.value("events", std::vector<std::string>{});
  const std::set<std::string> sent(events.begin(), events.end());
  const std::set<std::string> used(wanted.begin(), wanted.end());
  const auto lacking = std::ranges::count_if(used, [&](const auto& type) { return !sent.contains(type); });
  const auto idle = std::ranges::count_if(sent, [&](const auto& type) { return !used.contains(type); });
  if (lacking == 0 && idle == 0) return "exactly ours";
  return fmt::format("{} of ours lacking, {} not ours", lacking, idle);
}

ExitCode list(const Invocation& invocation, const CommandSession& session, WebhookEndpoints& endpoints) {
  auto all = endpoints.list();
  for (Json& endpoint : all) endpoint.erase("secret");
  if (invocation.json) {
    std::cout << Json{{"endpoints", all}}.dump(2) << "\n";
    return ExitCode::done;
  }
  TextTable table({"endpoint", "status", "types", "address"});
  const auto wanted = followed_event_types(session.config);
  for (const Json& endpoint : all) {
    table.add({endpoint.value("id", ""), endpoint.value("status", ""), fit(endpoint, wanted),
               endpoint.value("endpoint_url", "")});
  }
  if (all.empty()) std::cerr << "no webhook endpoints\n";
  if (!all.empty()) std::cout << table.text();
  return ExitCode::done;
}

ExitCode remove(const WebhookArguments& arguments, WebhookEndpoints& endpoints) {
  const std::string id = require_target(arguments, "the endpoint's id (webhook list)");
  endpoints.remove(id);
  std::cerr << "endpoint " << id << " is deleted; events still come by polling\n";
  return ExitCode::done;
}

ExitCode test(const Invocation& invocation, const WebhookArguments& arguments) {
  const Config config = invocation.load();
  if (config.webhook.secrets.empty()) {
    throw Error(Fault::misconfigured, "there is no webhook secret to sign with",
                "set webhook.secret_file or WORKOS_WEBHOOK_SECRET, as for the daemon");
  }
  const std::string url = arguments.target.empty() ? own_webhook_url(config) : arguments.target;
  SystemClock clock;
  const auto took = try_webhook({url, config.webhook.secrets.front(), config.api.ca_file}, clock, {});
  if (invocation.json) {
    std::cout << Json{{"url", url}, {"result", "committed"}, {"milliseconds", took.count()}}.dump(2) << "\n";
  } else {
    std::cout << fmt::format("{} took a signed event and committed it, in {} ms\n", url, took.count());
  }
  return ExitCode::done;
}

ExitCode act(const Invocation& invocation, const WebhookArguments& arguments) {
  if (arguments.action == "test") return test(invocation, arguments);
  CommandSession session(invocation);
  WebhookEndpoints endpoints(session.config, session.clock, session.stop_token());
  if (arguments.action == "register") return register_endpoint(invocation, arguments, session, endpoints);
  if (arguments.action == "rotate") return rotate(invocation, arguments, endpoints);
  if (arguments.action == "delete") return remove(arguments, endpoints);
  return list(invocation, session, endpoints);
}

CommandBody define_webhook(CLI::App& app) {
  auto arguments = std::make_shared<WebhookArguments>();
  app.add_option("action", arguments->action, "register, list, rotate (the secret), delete, test")
      ->required()
      ->type_name("ACTION")
      ->check(CLI::IsMember({"register", "list", "rotate", "delete", "test"}));
  app.add_option("target", arguments->target, "an address for register and test, an endpoint's id otherwise")
      ->type_name("TARGET");
  app.add_option("--secret-file", arguments->secret_file, "where register and rotate put the secret, not to stdout")
      ->type_name("FILE");
  return [arguments](const Invocation& invocation) { return act(invocation, *arguments); };
}

}  // namespace

constinit const Command webhook_command{
    "webhook", "Register our webhook endpoint at WorkOS, rotate its secret, test it",
    "  sudo authkit-mirror webhook register https://mirror.example/webhooks/workos \\\n"
    "    --set api.key_file=/etc/authkit-mirror/credentials/api_key --set webhook.listen= \\\n"
    "    --secret-file /etc/authkit-mirror/credentials/workos_webhook_secret    # only root may write there\n"
    "  authkit-mirror webhook list\n"
    "  authkit-mirror webhook test                                    # our own listener\n"
    "  authkit-mirror webhook test https://mirror.example/webhooks/workos\n"
    "  sudo authkit-mirror webhook rotate we_01J --set ... --secret-file ...    # the old secret stays valid too\n"
    "  authkit-mirror webhook delete we_01J\n"
    "The endpoint gets exactly the types of event that the daemon follows. The test event is archived and changes\n"
    "nothing else.",
    true, define_webhook};

}  // namespace mirror::app
