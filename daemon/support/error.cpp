#include "support/error.hpp"

namespace mirror {

ExitCode exit_code(Fault fault) noexcept {
  switch (fault) {
    case Fault::unavailable:
      return ExitCode::away;
    case Fault::refused:
      return ExitCode::refused;
    case Fault::bad_data:
      return ExitCode::not_all_well;
    case Fault::misconfigured:
      return ExitCode::misconfigured;
    case Fault::lease_lost:
      return ExitCode::try_later;
    case Fault::usage:
      return ExitCode::usage;
    case Fault::stopped:
      return ExitCode::done;
    case Fault::bug:
      return ExitCode::bug;
  }
  return ExitCode::bug;
}

std::string_view to_string(Fault fault) noexcept {
  switch (fault) {
    case Fault::unavailable:
      return "unavailable";
    case Fault::refused:
      return "refused";
    case Fault::bad_data:
      return "bad_data";
    case Fault::misconfigured:
      return "misconfigured";
    case Fault::lease_lost:
      return "lease_lost";
    case Fault::usage:
      return "usage";
    case Fault::stopped:
      return "stopped";
    case Fault::bug:
      return "bug";
  }
  return "bug";
}

}  // namespace mirror
