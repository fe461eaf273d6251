/// Our FTP server over a folder, for other people's clients: `ftp_folder_server FOLDER PASSWORD`. Every user
/// is let in with that password, and may fetch and store the folder's files by name. Listens on a port of
/// 127.0.0.1 that it prints; runs until it is killed.
#include "ftp/receive.hpp"
#include "ftp/server.hpp"

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <sys/stat.h>

namespace {

using namespace two_path::ftp;
namespace fs = std::filesystem;

constexpr std::uint64_t most = 1U << 30U;

struct Settings {
    fs::path folder;
    std::string password;
};

bool plain(const std::string& name) {
    return name.find('/') == std::string::npos && name != "." && name != "..";
}

class Guest : public Visitor {
  public:
    explicit Guest(const Settings& settings)
      : settings_(settings) {}

    awaitable<std::string> challenge(std::string) override { co_return "Password, please."; }

    awaitable<std::optional<std::string>> authenticate(std::string password) override {
        std::optional<std::string> text;
        if (password == settings_.password) text = "Welcome.";
        co_return text;
    }

    awaitable<std::variant<std::uint64_t, Refusal>> size(std::string name) override {
        std::error_code ec;
        const auto size = fs::file_size(settings_.folder / name, ec);
        std::variant<std::uint64_t, Refusal> answer = Refusal::not_found;
        if (!ec && plain(name)) answer = size;
        co_return answer;
    }

    awaitable<std::variant<Source, Refusal>> open(std::string name) override {
        std::variant<Source, Refusal> answer = Refusal::not_found;
        Source source;
        source.file = Descriptor(::open((settings_.folder / name).c_str(), O_RDONLY | O_CLOEXEC));
        struct stat status {};
        if (!plain(name) || !source.file || ::fstat(source.file.get(), &status) != 0) co_return answer;
        source.size = static_cast<std::uint64_t>(status.st_size);
        answer = std::move(source);
        co_return answer;
    }

    awaitable<std::variant<Space, Refusal>> store(std::string name) override {
        std::variant<Space, Refusal> answer = Refusal::not_found;
        if (!plain(name)) co_return answer;
        storing_ = settings_.folder / name;
        std::error_code ec;
        const auto there = fs::exists(storing_, ec) ? fs::file_size(storing_, ec) : 0;
        answer = Space{there, most, false};
        co_return answer;
    }

    awaitable<Received> receive(Incoming incoming) override {
        const Descriptor file(::open(storing_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        if (!file || ::ftruncate(file.get(), static_cast<off_t>(incoming.offset)) != 0)
            co_return Received{DataEnd::failed, 0};
        const Take take = [&](std::string_view bytes, std::uint64_t position) {
            const auto at = static_cast<off_t>(position);
            const auto count = ::pwrite(file.get(), bytes.data(), bytes.size(), at);
            if (count == static_cast<ssize_t>(bytes.size())) return DataEnd::whole;
            return errno == ENOSPC ? DataEnd::no_room : DataEnd::failed;
        };
        auto received = co_await two_path::ftp::receive(std::move(incoming), take);
        co_return received;
    }

  private:
    const Settings& settings_;
    fs::path storing_;
};

class Folder : public Service {
  public:
    explicit Folder(Settings settings)
      : settings_(std::move(settings)) {}
    std::unique_ptr<Visitor> connected(const Peer&, ConnectionHandle) override {
        return std::make_unique<Guest>(settings_);
    }

  private:
    Settings settings_;
};

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: ftp_folder_server FOLDER PASSWORD\n";
        return 2;
    }
    asio::io_context io;
    Folder folder({argv[1], argv[2]});
    Server server(io.get_executor(), folder);
    if (const auto ec = server.listen({asio::ip::address_v4::loopback(), 0})) {
        std::cerr << "cannot listen: " << ec.message() << '\n';
        return 1;
    }
    std::cout << server.local_endpoint().port() << std::endl;
    io.run();
}
