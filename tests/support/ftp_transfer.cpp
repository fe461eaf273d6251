/// Our FTP client, for other people's servers: `ftp_transfer get|put PORT USER PASSWORD NAME FILE`, on
/// 127.0.0.1. Both go on where the copy at the other end's name stops. Says where that was.
#include "ftp/client.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <fcntl.h>
#include <iostream>
#include <stdexcept>
#include <sys/stat.h>

namespace {

using namespace two_path::ftp;

struct Order {
    bool get = true;
    std::uint16_t port = 0;
    std::string user;
    std::string password;
    std::string name;
    std::string path;
};

std::uint64_t size_of(const Descriptor& file) {
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0) throw std::runtime_error("cannot open the file");
    return static_cast<std::uint64_t>(status.st_size);
}

awaitable<void> get(Client& client, const Order& order) {
    const Descriptor file(::open(order.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    auto have = size_of(file);
    std::cout << have << std::endl;
    const auto size = co_await client.size(order.name);
    auto data = co_await client.retrieve(order.name, have);
    // Read here, in blocking mode: nothing else runs in this program.
    static std::array<char, 1U << 16U> buffer;
    const auto fd = data.value().get();
    for (ssize_t count = 0; (count = ::read(fd, buffer.data(), buffer.size())) > 0;) {
        if (::write(file.get(), buffer.data(), static_cast<std::size_t>(count)) != count)
            throw std::runtime_error("cannot write the file");
        have += static_cast<std::uint64_t>(count);
    }
    data.value() = Descriptor();
    const auto end = co_await client.finish();
    end.value();
    if (have != size.value()) throw std::runtime_error("not as many bytes as SIZE told");
}

awaitable<void> put(Client& client, const Order& order) {
    const Descriptor file(::open(order.path.c_str(), O_RDONLY | O_CLOEXEC));
    Upload upload;
    upload.file = file.get();
    upload.size = size_of(file);
    bool told = false;
    upload.progress = [&](std::uint64_t position) {
        if (!std::exchange(told, true)) std::cout << position << std::endl;
    };
    const auto end = co_await client.store(order.name, upload);
    end.value();
}

awaitable<void> run(const Order& order) {
    const auto executor = co_await asio::this_coro::executor;
    Client client(executor);
    const tcp::endpoint server(asio::ip::address_v4::loopback(), order.port);
    const auto connected = co_await client.connect(server);
    connected.value();
    const Client::Answer answer = [&](std::string) -> awaitable<std::optional<std::string>> {
        co_return order.password;
    };
    const auto in = co_await client.login(order.user, answer);
    in.value();
    auto transfer = order.get ? get(client, order) : put(client, order);
    co_await std::move(transfer);
    co_await client.quit();
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 7) {
        std::cerr << "usage: ftp_transfer get|put PORT USER PASSWORD NAME FILE\n";
        return 2;
    }
    const Order order{argv[1] == std::string("get"),
                      static_cast<std::uint16_t>(std::stoi(argv[2])),
                      argv[3],
                      argv[4],
                      argv[5],
                      argv[6]};
    asio::io_context io;
    std::exception_ptr failure;
    asio::co_spawn(io, run(order), [&](const std::exception_ptr& e) { failure = e; });
    io.run();
    try {
        if (failure) std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
