/// Everything outside that a command touches: terminal, settings, time and server; tests put their own in.
#pragma once

#include "plugin/cli/account.hpp"
#include "plugin/control/https_client.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>

namespace two_path::cli {

/// Sends one request and waits for its answer.
using Transport = std::function<Result<control::ClientResponse>(control::ClientRequest)>;

/// A pause of a command that waits for the server.
inline constexpr std::chrono::milliseconds between_looks{1000};

struct Shell {
    Shell(std::ostream& results, std::ostream& remarks)
      : out(results)
      , err(remarks) {}

    std::ostream& out; ///< results
    std::ostream& err; ///< notes, warnings, progress, errors
    bool err_is_terminal{false};
    std::filesystem::path settings; ///< the folder of account.json

    /// One line from the operator; the second form does not show it and is wiped by the caller.
    std::function<Result<std::string>(const std::string& prompt)> ask;
    std::function<Result<std::string>(const std::string& prompt)> ask_secret;
    /// A pause between two looks.
    std::function<void(std::chrono::milliseconds)> pause;
    std::function<std::int64_t()> unix_time; ///< seconds
    /// Reaches the account's server.
    std::function<Result<Transport>(const Account&)> connect;

    /// The first line that a TCP server says; plugin_unreachable.
    std::function<Result<std::string>(const std::string& host, std::uint16_t port)> greet;

    bool json{false};  ///< one JSON document on `out` in place of text
    bool quiet{false}; ///< neither notes nor progress

    /// A line for people on `err`, unless --quiet.
    void note(const std::string& line) const;
    void warn(const std::string& line) const;
    [[nodiscard]] bool shows_progress() const noexcept { return err_is_terminal && !quiet; }
};

} // namespace two_path::cli
