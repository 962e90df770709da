#include "api/inflate.hpp"

#include <Poco/Exception.h>
#include <Poco/InflatingStream.h>
#include <Poco/MemoryStream.h>

#include <cstdint>

#include "support/error.hpp"

namespace mirror::api {
namespace {

constexpr std::size_t step = 64 * 1024;

/// gzip ends with the size of its content, modulo 2^32 (RFC 1952): the library takes a cut stream for a short one.
std::uint32_t size_by_trailer(std::string_view body) {
  std::uint32_t size = 0;
  for (std::size_t i = body.size(); i > body.size() - 4; --i)
    size = size << 8 | static_cast<unsigned char>(body[i - 1]);
  return size;
}

std::string inflate(std::string_view body, std::size_t max_size) {
  Poco::MemoryInputStream compressed(body.data(), static_cast<std::streamsize>(body.size()));
  Poco::InflatingInputStream inflater(compressed, Poco::InflatingStreamBuf::STREAM_GZIP);
  inflater.exceptions(std::ios::badbit);  // else the stream would swallow what its buffer throws
  std::string inflated;
  do {
    const std::size_t before = inflated.size();
    inflated.resize(before + step);
    inflater.read(inflated.data() + before, static_cast<std::streamsize>(step));
    inflated.resize(before + static_cast<std::size_t>(inflater.gcount()));
    if (inflated.size() > max_size)
      throw Error(Fault::unavailable, "a gzip answer is larger than allowed when inflated");
  } while (inflater);
  return inflated;
}

}  // namespace

std::string inflate_gzip(std::string_view body, std::size_t max_size) {
  const auto damaged = [] { return Error(Fault::unavailable, "a gzip answer is damaged or cut"); };
  if (body.size() < 18) throw damaged();  // header and trailer alone
  try {
    std::string inflated = inflate(body, max_size);
    if (static_cast<std::uint32_t>(inflated.size()) != size_by_trailer(body)) throw damaged();
    return inflated;
  } catch (const Poco::Exception&) {
    throw damaged();
  } catch (const std::ios_base::failure&) {
    throw damaged();
  }
}

}  // namespace mirror::api
