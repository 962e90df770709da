#pragma once

#include "app/command.hpp"
#include "app/engine.hpp"

namespace mirror::app {

/// The daemon around its engine: signals, HTTP server, systemd, reload. Returns when it was asked to stop; throws Error
/// for what keeps it from starting (configuration, a port in use) and what the engine throws.
ExitCode run_daemon(const Invocation& invocation, const EngineFactory& make);

}  // namespace mirror::app
