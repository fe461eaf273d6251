// The least that moving a file from one process to another, digested and stored, can cost: what both ends of
// the second path are measured against.
//
//   floor send FILE OFFERED_PORT_FILE        one connection; sendfile
//   floor receive PORT FILE sha256|blake2b   recv, digest, write
//
// Each prints `cpu_seconds SECONDS` (user and system) of the transfer, from the connection on.
#include <openssl/evp.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

constexpr std::size_t step = 1024 * 1024;
constexpr std::size_t page = 4096;

[[noreturn]] void give_up(const char* what) {
    std::perror(what);
    std::exit(1);
}

double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/// Gives its CPU seconds.
double send_file(const std::string& path, const std::string& port_file) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    auto address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 1) != 0)
        give_up("listen");
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    std::ofstream(port_file) << ntohs(address.sin_port) << std::endl;
    const int out = ::accept(listener, nullptr, nullptr);
    const auto before = cpu_seconds();
    const int in = ::open(path.c_str(), O_RDONLY);
    struct stat status {};
    if (out < 0 || in < 0 || ::fstat(in, &status) != 0) give_up(path.c_str());
    for (off_t offset = 0; offset < status.st_size;)
        if (::sendfile(out, in, &offset, static_cast<std::size_t>(status.st_size - offset)) < 0)
            give_up("sendfile");
    ::close(out);
    return cpu_seconds() - before;
}

/// Gives its CPU seconds.
double receive_file(int port, const std::string& path, const std::string& digest) {
    const int in = ::socket(AF_INET, SOCK_STREAM, 0);
    const auto address = loopback(port);
    if (::connect(in, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) give_up("connect");
    const auto before = cpu_seconds();
    const int out = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (out < 0) give_up(path.c_str());
    const std::unique_ptr<EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)> context(::EVP_MD_CTX_new(),
                                                                            &::EVP_MD_CTX_free);
    ::EVP_DigestInit_ex(context.get(), digest == "sha256" ? ::EVP_sha256() : ::EVP_blake2b512(), nullptr);
    const std::unique_ptr<void, decltype(&std::free)> buffer(std::aligned_alloc(page, step), &std::free);
    for (ssize_t got = 0; (got = ::recv(in, buffer.get(), step, MSG_WAITALL)) != 0;) {
        if (got < 0) give_up("recv");
        ::EVP_DigestUpdate(context.get(), buffer.get(), static_cast<std::size_t>(got));
        if (::write(out, buffer.get(), static_cast<std::size_t>(got)) != got) give_up("write");
    }
    unsigned char value[EVP_MAX_MD_SIZE];
    ::EVP_DigestFinal_ex(context.get(), value, nullptr);
    return cpu_seconds() - before;
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    double used = 0;
    if (arguments.size() == 3 && arguments[0] == "send")
        used = send_file(arguments[1], arguments[2]);
    else if (arguments.size() == 4 && arguments[0] == "receive")
        used = receive_file(std::stoi(arguments[1]), arguments[2], arguments[3]);
    else
        return 2;
    std::printf("cpu_seconds %.6f\n", used);
}
