#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "model/table_spec.hpp"

namespace mirror {

/// All mirrored streams, parents before children.
std::span<const StreamSpec* const> all_streams() noexcept;

/// All mirrored tables: those of the streams and those embedded in them.
std::span<const TableSpec* const> all_tables() noexcept;

/// The stream's table and those embedded in it.
std::vector<const TableSpec*> tables_of(const StreamSpec& stream);

/// Null if there is none of that name.
const StreamSpec* find_stream(std::string_view name) noexcept;
const TableSpec* find_table(std::string_view name) noexcept;

const StreamSpec& organizations() noexcept;
const StreamSpec& users() noexcept;
const StreamSpec& organization_memberships() noexcept;
const StreamSpec& invitations() noexcept;

}  // namespace mirror
