/// An owned file descriptor.
#pragma once

#include <unistd.h>
#include <utility>

namespace two_path::ftp {

/// Owns one descriptor and closes it; moves, never copies.
class Descriptor {
  public:
    Descriptor() noexcept = default;
    explicit Descriptor(int fd) noexcept
      : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept
      : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }

    int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }
    explicit operator bool() const noexcept { return fd_ >= 0; }

  private:
    int fd_ = -1;
};

} // namespace two_path::ftp
