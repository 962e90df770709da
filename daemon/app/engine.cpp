#include "app/engine.hpp"

#include "support/error.hpp"

namespace mirror::app {

std::unique_ptr<Engine> make_engine(const Config&, sync::StatusBoard&, Clock&) {
  throw Error(Fault::bug, "this build holds no engine");
}

}  // namespace mirror::app
