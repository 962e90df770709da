#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "api/api_error.hpp"
#include "api/device_approval.hpp"
#include "api/operation_answers.hpp"
#include "api/pkce.hpp"
#include "app/answer_output.hpp"
#include "app/answer_text.hpp"
#include "app/command_session.hpp"
#include "app/duration_text.hpp"
#include "app/operation_help.hpp"
#include "app/operation_input.hpp"
#include "app/write_wait.hpp"
#include "support/error.hpp"

namespace mirror::app {
namespace {

struct ApiArguments {
  std::string operation;
  OperationInput input;
  std::string idempotency_key;
  bool all = false;
  bool dry_run = false;
  bool pkce = false;
  std::string wait;  ///< how long; empty: not at all
  bool is_public = false;
  bool help = false;
};

constexpr std::string_view device_authorization = "device.authorize";

/// The usual name for what nearly every sign-in needs.
void add_client_id(const api::Operation& operation, api::OperationValues& values) {
  if (operation.find("client_id") == nullptr || values.contains("client_id")) return;
  const auto environment = process_environment();
  const auto found = environment.find("WORKOS_CLIENT_ID");
  if (found != environment.end() && !found->second.empty()) values["client_id"] = found->second;
}

void require(bool fits, const api::Operation& operation, const char* flag, const char* what) {
  if (!fits) throw Error(Fault::usage, fmt::format("api {}: {} {}", operation.name, flag, what), "leave it out");
}

void check_flags(const api::Operation& operation, const ApiArguments& arguments, const api::OperationValues& values) {
  const bool is_link = operation.caller == api::Caller::browser;
  require(!arguments.all || operation.is_paged(), operation, "--all", "is for lists with pages");
  require(!arguments.all || !values.contains("before"), operation, "--all", "reads forward and can't have before");
  const bool is_swapped = values.contains("order") && values["order"] == "normal";
  require(!arguments.all || !is_swapped, operation, "--all", "can't have order=normal, whose cursors are swapped");
  require(!arguments.pkce || is_link, operation, "--pkce", "is for authorization.url");
  require(!arguments.pkce || !values.contains("code_challenge"), operation, "--pkce", "makes a code_challenge itself");
  require(!arguments.dry_run || !is_link, operation, "--dry-run", "changes nothing: the address is only built");
  require(arguments.wait.empty() || operation.name == device_authorization || writes_mirrored_object(operation),
          operation, "--wait", "is for what changes a mirrored object, and for device.authorize");
  require(arguments.idempotency_key.empty() || operation.method == "POST", operation, "--idempotency-key",
          "is for POST");
}

/// The address, and with PKCE the verifier that the exchange of the code will ask for.
ExitCode print_link(const Invocation& invocation, const ApiArguments& arguments, const api::Operation& operation,
                    api::OperationValues values) {
  const Config config = invocation.load();
  nlohmann::ordered_json answer{{"url", ""}};
  if (arguments.pkce) {
    const Secret verifier = api::new_code_verifier();
    values["code_challenge"] = api::code_challenge(verifier.expose());
    values["code_challenge_method"] = "S256";
    answer["code_verifier"] = verifier.expose();
  }
  answer["url"] = url_of(config.api, api::make_call(operation, values, {}));
  print_answer(answer, invocation.json);
  return ExitCode::done;
}

ExitCode print_all(const Invocation& invocation, CommandSession& session, api::ApiClient& client,
                   const api::Operation& operation, const api::OperationValues& values, const api::Identity& identity) {
  ListOutput output(invocation.json);
  const bool is_whole = api::read_all(client, operation, values, identity, session.stop_token(),
                                      [&](const nlohmann::ordered_json& item) { return output.add(item); });
  if (is_whole) output.finish();
  return ExitCode::done;
}

ExitCode wait_for_device(const Invocation& invocation, CommandSession& session, api::ApiClient& client,
                         const nlohmann::ordered_json& authorization, const api::OperationValues& values,
                         const api::Identity& identity) {
  const auto text = [&](const char* key) { return authorization.value(key, std::string()); };
  std::cerr << answer_text({{"open", text("verification_uri")}, {"enter", text("user_code")}}) << std::flush;
  const api::ApiCall poll =
      api::make_call(api::find_operation("authenticate.device"),
                     {{"client_id", values.at("client_id")}, {"device_code", text("device_code")}}, identity);
  print_answer(api::wait_for_approval(client, authorization, poll, session.clock, session.stop_token()),
               invocation.json);
  return ExitCode::done;
}

/// The answer to a POST that got lost may have been a success: the same key makes it safe to ask again.
[[noreturn]] void rethrow_with_key(const Error& error, const std::string& key) {
  if (error.fault() != Fault::unavailable || key.empty()) throw;
  throw Error(error.fault(), error.what(),
              fmt::format("{}{}Repeat it with --idempotency-key {}, so that it is not done twice.", error.next_step(),
                          error.next_step().empty() ? "" : " ", key));
}

/// Does `work`, and tells of its failure what the caller can go on with; `key` is empty if repeating needs none.
ExitCode with_failures_told(bool shows_answer, const std::string& key, const std::function<ExitCode()>& work) {
  try {
    return work();
  } catch (const api::ApiError& error) {
    if (shows_answer) print_failure(error);
    rethrow_with_key(error, key);
  } catch (const Error& error) {
    if (error.fault() != Fault::stopped) rethrow_with_key(error, key);
    // Whether it was carried out is unknown, and half a list is none.
    std::cerr << "authkit-mirror: stopped before the answer was complete\n";
    return ExitCode::try_later;
  }
}

/// Empty if nobody wants to see the write in the mirror.
std::unique_ptr<WriteWait> make_write_wait(const Config& config, const ApiArguments& arguments,
                                           const api::Operation& operation) {
  if (arguments.wait.empty() || operation.name == device_authorization) return nullptr;
  const auto timeout = parse_duration(arguments.wait);
  if (!timeout) {
    throw Error(Fault::usage, fmt::format("--wait={} is no duration", arguments.wait), "write --wait=30s, or --wait");
  }
  return std::make_unique<WriteWait>(config, *timeout);
}

ExitCode send(const Invocation& invocation, const ApiArguments& arguments, const api::Operation& operation,
              const api::OperationValues& values, api::Identity identity) {
  // Devices and public clients need no key; whether the operation lets a client be public is said below.
  const bool needs_no_key = identity.is_public || operation.caller == api::Caller::device;
  CommandSession session(invocation, needs_no_key ? KeyNeed::perhaps : KeyNeed::always);
  const auto client = api::make_api_client(session.config.api, session.clock);
  identity.key = session.config.api.key;
  const auto mirror = make_write_wait(session.config, arguments, operation);
  nlohmann::ordered_json answer;
  const api::ApiCall call = api::make_call(operation, values, identity);
  const bool asks_person = !arguments.wait.empty() && operation.name == device_authorization;
  const bool shows_answer = invocation.json && !arguments.all;  // a list that was begun is one document
  const ExitCode sent = with_failures_told(shows_answer, call.idempotency_key, [&] {
    if (arguments.all) return print_all(invocation, session, *client, operation, values, identity);
    answer = api::send_call(*client, call, session.stop_token());
    if (!asks_person) print_answer(answer, invocation.json);
    return ExitCode::done;
  });
  if (sent != ExitCode::done) return sent;
  if (asks_person) {
    // A wait that ended in vain is begun anew, with another code.
    return with_failures_told(invocation.json, "",
                              [&] { return wait_for_device(invocation, session, *client, answer, values, identity); });
  }
  if (!mirror) return ExitCode::done;
  return mirror->wait_for(awaited_after(operation, values, answer), session.stop_token());
}

ExitCode call(const Invocation& invocation, const ApiArguments& arguments) {
  const api::Operation& operation = api::find_operation(arguments.operation);
  api::OperationValues values = read_input(operation, arguments.input, std::cin);
  add_client_id(operation, values);
  check_flags(operation, arguments, values);
  if (operation.caller == api::Caller::browser) return print_link(invocation, arguments, operation, std::move(values));
  const std::string key = arguments.idempotency_key.empty() ? api::new_idempotency_key() : arguments.idempotency_key;
  const api::Identity identity{Secret(), arguments.is_public, key};
  if (arguments.dry_run) {
    print_request(invocation.load().api, api::make_shown_call(operation, values, identity), invocation.json);
    return ExitCode::done;
  }
  // Before the configuration is read: what is wrong with the line is said first.
  api::check_values(operation, values);
  return send(invocation, arguments, operation, values, identity);
}

ExitCode act(const Invocation& invocation, const ApiArguments& arguments, const CLI::App& app) {
  const bool names_operation = !arguments.operation.empty() && arguments.operation != "list";
  if (arguments.help) {
    std::cout << (names_operation ? operation_help(api::find_operation(arguments.operation)) : app.help());
    return ExitCode::done;
  }
  if (names_operation) return call(invocation, arguments);
  std::cout << (invocation.json ? catalogue_json() : catalogue_text());
  return ExitCode::done;
}

CommandBody define_api(CLI::App& app) {
  auto arguments = std::make_shared<ApiArguments>();
  app.set_help_flag("");
  app.add_flag("-h,--help", arguments->help, "this text, or what an operation takes");
  app.add_option("operation", arguments->operation, "list, or one of the list")->type_name("OPERATION");
  app.add_option("values", arguments->input.words, "name=value, name=@FILE, or name=- for standard input")
      ->type_name("NAME=VALUE");
  app.add_option("--body", arguments->input.body, "file with a JSON object of values, or - for standard input")
      ->type_name("FILE");
  app.add_flag("--all", arguments->all, "read a list to its end, page by page");
  app.add_flag("--dry-run", arguments->dry_run, "print the request, secrets hidden, and send nothing");
  app.add_flag("--public-client", arguments->is_public, "sign in as an application that can keep no secret");
  app.add_flag("--pkce", arguments->pkce, "with authorization.url: make a code verifier and its challenge");
  app.add_flag("--wait{10s}", arguments->wait,
               "until the mirror shows what was changed, for 10s or --wait=TIMEOUT; with device.authorize: until the "
               "person approved");
  app.add_option("--idempotency-key", arguments->idempotency_key, "of an earlier try whose answer was lost")
      ->type_name("KEY");
  return [arguments, &app](const Invocation& invocation) { return act(invocation, *arguments, app); };
}

}  // namespace

constinit const Command api_command{
    "api", "Call any operation of the AuthKit API",
    "  authkit-mirror api list\n"
    "  authkit-mirror api users.create --help\n"
    "  authkit-mirror api users.list organization_id=org_01J --all --json\n"
    "  authkit-mirror api users.create email=ada@example.com password=- < password.txt\n"
    "  authkit-mirror api memberships.update id=om_01J role_slug=admin --dry-run\n"
    "  authkit-mirror api users.update id=user_01J first_name=Ada --wait=30s\n"
    "Secrets are read from files or standard input only. All requests keep to api.max_requests_per_second.",
    true, define_api};

}  // namespace mirror::app
