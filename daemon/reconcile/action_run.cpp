#include "reconcile/action_run.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "api/api_error.hpp"
#include "support/error.hpp"
#include "support/fault_point.hpp"
#include "support/log.hpp"

namespace mirror::reconcile {
namespace {

using Verdict = Sight::Verdict;

/// Of one create whose answers are lost; other requests are repeated by the API client.
constexpr int most_attempts = 5;
constexpr std::chrono::milliseconds first_pause{500};
constexpr std::chrono::milliseconds longest_pause{8'000};

/// Codes of answers that say: the directory is no longer as the plan saw it.
constexpr std::array<std::string_view, 13> codes_of_conflict{"email_not_available",
                                                             "user_already_exists",
                                                             "email_already_invited",
                                                             "email_already_invited_to_organization",
                                                             "user_already_organization_member",
                                                             "organization_membership_already_exists",
                                                             "membership_already_exists",
                                                             "cannot_deactivate_pending_organization_membership",
                                                             "cannot_reactivate_pending_organization_membership",
                                                             "invite_not_pending",
                                                             "invite_accepted",
                                                             "invite_expired",
                                                             "invite_revoked"};

bool tells_conflict(const api::ApiError& error) {
  if (!error.from_workos() || error.fault() != Fault::bad_data) return false;
  const auto is_one = [](const std::string& code) {
    return std::ranges::find(codes_of_conflict, code) != codes_of_conflict.end();
  };
  return error.status() == 404 || error.status() == 409 || is_one(error.code()) ||
         std::ranges::any_of(error.errors(), [&](const auto& item) { return is_one(item.code); });
}

bool is_create(ActionKind kind) {
  return kind == ActionKind::create_user || kind == ActionKind::add_membership || kind == ActionKind::send_invitation ||
         kind == ActionKind::revoke_invitation;
}

}  // namespace

ActionResult ActionRun::run(const Action& action, const std::string& user_id, const std::string& idempotency_key,
                            bool was_tried, const std::function<void()>& before_sending) const {
  Backoff backoff(first_pause, longest_pause);
  std::string refusal;
  while (true) {
    Sight sight = look_at(action, user_id, calls_);
    // What was sent and is there now was done by us, as far as anybody can tell.
    if (sight.verdict == Verdict::as_wanted) {
      return {was_tried ? "done" : "skipped", sight.object.value_or(LiveObject{action.id, {}, {}, {}}), {}};
    }
    if (sight.verdict == Verdict::otherwise) return {"conflict", sight.object.value_or(LiveObject{}), sight.why};
    if (!refusal.empty()) return {"conflict", {}, refusal};
    before_sending();
    fault_point("reconcile: action started");
    was_tried = true;
    if (auto made = send(action, user_id, idempotency_key, backoff, refusal)) return {"done", std::move(*made), {}};
  }
}

std::optional<LiveObject> ActionRun::send(const Action& action, const std::string& user_id,
                                          const std::string& idempotency_key, Backoff& backoff,
                                          std::string& refusal) const {
  try {
    LiveObject made = calls_.send(action, user_id, idempotency_key);
    fault_point("reconcile: action sent");
    return made;
  } catch (const Error& error) {
    const auto* const told = dynamic_cast<const api::ApiError*>(&error);
    if (told != nullptr && tells_conflict(*told)) {
      refusal = error.what();
      return std::nullopt;
    }
    if (error.fault() != Fault::unavailable || !is_create(action.kind)) throw;
    if (backoff.attempts() + 1 >= most_attempts) throw;
    log::warn("action {}: {}; looking whether it was carried out", action.number, error.what());
  }
  if (!clock_.wait_for(backoff.next(), stop_)) throw Error(Fault::stopped, "a stop was requested");
  return std::nullopt;
}

}  // namespace mirror::reconcile
