#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "tests/simulator/http_message.hpp"
#include "tests/simulator/listing.hpp"
#include "tests/simulator/simulator_options.hpp"
#include "tests/simulator/world.hpp"

namespace mirror::simulator {

/// The WorkOS API: key, rate limit, routes, faults. Not thread-safe: the Simulator guards it.
class Api {
 public:
  Api(World& world, const SimulatorOptions& options) : world_(world), options_(options) {}

  Answer answer(const Request& request);

 private:
  using Segments = std::vector<std::string>;

  Answer decide(const Request& request);
  [[nodiscard]] bool is_over_limit();
  Answer route(const Request& request);
  Answer read(const Request& request, const Segments& path);
  Answer read_domain(const std::string& id);

  Answer list(const Request& request, const Listing& listing);
  Answer list_organizations(const Request& request);
  Answer list_users(const Request& request);
  Answer list_memberships(const Request& request);
  Answer list_invitations(const Request& request);
  Answer list_events(const Request& request);
  [[nodiscard]] std::string render(const Page& page, std::optional<Kind> kind);
  Answer single(Kind kind, const Record* record, const std::string& id, int status = 200);

  World& world_;
  const SimulatorOptions& options_;
  std::chrono::steady_clock::time_point window_start_;
  std::size_t in_window_ = 0;
  IdMaker request_ids_{4711};
};

/// POST, PUT and DELETE. Throws ApiFailure; returns the object to show, or an empty answer.
Answer write(World& world, const Request& request, const std::vector<std::string>& path);

/// The kind and the rest of the path below its list, if the path belongs to one.
struct ResourcePath {
  Kind kind;
  std::vector<std::string> rest;
};
std::optional<ResourcePath> resource_of(const std::vector<std::string>& path);

}  // namespace mirror::simulator
