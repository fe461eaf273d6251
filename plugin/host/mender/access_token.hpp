/// The personal access token with which the plugin asks the Mender server, from a file of its own.
#pragma once

#include "protocol/error.hpp"

#include <filesystem>
#include <string>

namespace two_path::host::mender {

/// Overwritten when it goes. Never in a message.
class AccessToken {
  public:
    /// Reads a file of one line. bad_configuration, with the path: it cannot be read, others than its owner
    /// may read it (its group may, too) or it holds no user's token of a Mender server.
    [[nodiscard]] static Result<AccessToken> open(const std::filesystem::path& file);
    AccessToken(AccessToken&& other) noexcept;
    AccessToken& operator=(AccessToken&& other) noexcept;
    ~AccessToken();

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }
    /// Reads the file again. The same errors; the token stays then.
    [[nodiscard]] Result<void> renew();

  private:
    AccessToken(std::filesystem::path file, std::string text);
    std::filesystem::path file_;
    std::string text_;
};

} // namespace two_path::host::mender
