#include "plugin/readiness.hpp"

#include "plugin/durable_file.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace two_path {

void notify_supervisor(std::string_view state) noexcept {
    const char* variable = std::getenv("NOTIFY_SOCKET");
    if (variable == nullptr) return;
    const std::string_view name(variable);
    sockaddr_un address{};
    if (name.empty() || name.size() >= sizeof(address.sun_path)) return;
    address.sun_family = AF_UNIX;
    std::copy(name.begin(), name.end(), address.sun_path);
    if (name.front() == '@') address.sun_path[0] = '\0'; // Linux's abstract names
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());

    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return;
    [[maybe_unused]] const auto sent = ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL,
                                                reinterpret_cast<const sockaddr*>(&address), size);
    ::close(socket);
}

Result<void> write_ports_file(const std::filesystem::path& file, std::uint16_t https, std::uint16_t ftp) {
    return write_durably(
        file, "https_port=" + std::to_string(https) + "\nftp_port=" + std::to_string(ftp) + "\n", 0644);
}

} // namespace two_path
