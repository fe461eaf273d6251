#include "plugin/listening.hpp"

#include "plugin/control/listener.hpp"

#include <memory>
#include <string>
#include <utility>

namespace two_path {
using boost::asio::ip::tcp;

namespace {

Error cannot_listen(const Settings& settings, const std::string& key, Errc reason, const std::string& why) {
    return fail(reason, settings.place_of(key) + ": " + why +
                            "; choose another address or port, or end what uses it");
}

} // namespace

Result<void> check_addresses(Settings& settings, const boost::asio::any_io_executor& network) {
    const std::pair<const char*, ListenAddress*> wanted[]{{"https.listen", &settings.https.listen},
                                                          {"ftp.listen", &settings.ftp.listen}};
    for (const auto& [key, listen] : wanted) {
        const auto probe = std::make_shared<control::Listener>(network, control::ConnectionLimits{}, nullptr);
        const auto bound = probe->bind(tcp::endpoint(listen->address, listen->port));
        if (!bound) return cannot_listen(settings, key, bound.error().code, bound.error().detail);
        listen->address = probe->local_endpoint().address();
    }
    return {};
}

Result<void> listen(const Settings& settings, ftp::Server& ftp, control::HttpsServer& https) {
    const auto& second = settings.ftp.listen;
    const auto ec = ftp.listen(tcp::endpoint(second.address, second.port));
    if (ec)
        return cannot_listen(settings, "ftp.listen", control::reason_not_to_listen(ec),
                             "cannot listen on " + second.text() + ": " + ec.message());
    const auto& first = settings.https.listen;
    const auto listening = https.listen(tcp::endpoint(first.address, first.port));
    if (!listening)
        return cannot_listen(settings, "https.listen", listening.error().code, listening.error().detail);
    return {};
}

} // namespace two_path
