#include "http/head_scan.hpp"

namespace mirror::http {
namespace {

bool is_printable(char c) {
  return c >= 0x20 && c < 0x7F;
}

/// Header values may hold bytes of other alphabets, and tabs.
bool may_stand_in_header(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= 0x20 && byte != 0x7F && byte != 0xFF);
}

}  // namespace

std::size_t HeadScan::take(char* bytes, std::size_t count) {
  std::size_t taken = 0;
  while (taken < count && !is_complete()) look_at(bytes[taken++]);
  return taken;
}

void HeadScan::look_at(char& byte) {
  if (byte == '\n') {
    after_return_ = false;
    return end_line();
  }
  if (after_return_) {
    after_return_ = false;
    return refuse(byte);
  }
  if (byte == '\r') {
    after_return_ = true;
    return;
  }
  if (place_ == Place::before || place_ == Place::line_start) return begin_line(byte);
  const bool is_sound = place_ == Place::request_line ? is_printable(byte) : may_stand_in_header(byte);
  if (!is_sound) refuse(byte);
}

void HeadScan::end_line() {
  if (place_ == Place::before) return;  // empty lines before a request are to be ignored
  place_ = place_ == Place::line_start ? Place::end : Place::line_start;
}

void HeadScan::begin_line(char& byte) {
  const bool is_request = place_ == Place::before;
  place_ = is_request ? Place::request_line : Place::header;
  if (!is_request) ++headers_;
  const bool is_folded = byte == ' ' || byte == '\t';
  if (is_folded || !(is_request ? is_printable(byte) : may_stand_in_header(byte))) refuse(byte);
}

void HeadScan::refuse(char& byte) {
  byte = '?';
  malformed_ = true;
  if (place_ == Place::before || place_ == Place::line_start) place_ = Place::header;
}

}  // namespace mirror::http
