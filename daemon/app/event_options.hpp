#pragma once

#include <vector>

#include "app/option_table.hpp"

/// The keys by which events reach the mirror: parts of option_table().
namespace mirror::app {

void add_event_options(std::vector<Option>& table);    ///< [events]: polled
void add_change_options(std::vector<Option>& table);   ///< [changes]: what became of them
void add_webhook_options(std::vector<Option>& table);  ///< [webhook]: sent to us

}  // namespace mirror::app
