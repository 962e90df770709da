#include "tests/simulator/gzip.hpp"

#include <Poco/DeflatingStream.h>

#include <map>
#include <sstream>

namespace mirror::simulator {

std::string gzip(std::string_view text) {
  std::ostringstream packed;
  Poco::DeflatingOutputStream stream(packed, Poco::DeflatingStreamBuf::STREAM_GZIP, 1);
  stream.write(text.data(), static_cast<std::streamsize>(text.size()));
  stream.close();
  return packed.str();
}

const std::string& gzip_bomb(std::string_view start, std::size_t inflated_size) {
  static std::map<std::size_t, std::string> made;
  std::string& bomb = made[inflated_size];
  if (!bomb.empty()) return bomb;
  std::ostringstream packed;
  Poco::DeflatingOutputStream stream(packed, Poco::DeflatingStreamBuf::STREAM_GZIP, 6);
  stream.write(start.data(), static_cast<std::streamsize>(start.size()));
  const std::string spaces(1U << 20U, ' ');
  for (std::size_t written = 0; written < inflated_size; written += spaces.size()) {
    stream.write(spaces.data(), static_cast<std::streamsize>(spaces.size()));
  }
  stream.close();
  bomb = packed.str();
  return bomb;
}

}  // namespace mirror::simulator
