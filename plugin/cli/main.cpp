#include "plugin/cli/command.hpp"
#include "plugin/prompt.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <iostream>
#include <memory>

namespace {

using namespace two_path;

std::filesystem::path settings_folder() {
    if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config == '/')
        return std::filesystem::path(config) / "two-path";
    const char* home = std::getenv("HOME");
    return std::filesystem::path(home != nullptr ? home : "/") / ".config" / "two-path";
}

Result<cli::Transport> reach(const cli::Account& account) {
    auto origin = control::Origin::parse(account.server);
    if (!origin) return fail(Errc::bad_request, "--server: " + origin.error().detail);
    control::HttpsClientOptions options;
    options.origin = std::move(*origin);
    options.ca_file = account.ca_file;
    // A payload of many GiB is on the server's disk only when the answer comes.
    options.progress_time = std::chrono::minutes(2);
    options.answer_time = std::chrono::minutes(10);
    auto client = std::make_shared<control::HttpsCommandClient>(std::move(options));
    return [client](control::ClientRequest request) { return client->run(std::move(request)); };
}

/// Within ten seconds.
Result<std::string> greet(const std::string& host, std::uint16_t port) {
    boost::asio::ip::tcp::iostream stream;
    stream.expires_after(std::chrono::seconds(10));
    stream.connect(host, std::to_string(port));
    std::string line;
    if (stream && std::getline(stream, line)) return line;
    return fail(Errc::plugin_unreachable, stream.error().message());
}

void pass_time(std::chrono::milliseconds time) {
    ::poll(nullptr, 0, static_cast<int>(time.count()));
}

} // namespace

int main(int count, char** words) {
    // A reader that goes away ends the command by a failed write, not by a signal in the middle of a request.
    std::signal(SIGPIPE, SIG_IGN);
    cli::Shell shell(std::cout, std::cerr);
    shell.err_is_terminal = ::isatty(STDERR_FILENO) != 0;
    shell.settings = settings_folder();
    shell.ask = &ask;
    shell.ask_secret = &ask_secret;
    shell.greet = &greet;
    shell.pause = &pass_time;
    shell.unix_time = [] { return std::int64_t{std::time(nullptr)}; };
    shell.connect = &reach;
    try {
        const int code = cli::run({words + 1, words + count}, shell);
        std::cout.flush();
        if (code == 0 && !std::cout) {
            std::cerr << "two-path: the results could not be written\n";
            return info(Errc::io_error).exit_code;
        }
        return code;
    } catch (const std::exception& error) {
        std::cerr << "two-path: " << error.what() << '\n';
        return info(Errc::internal).exit_code;
    }
}
