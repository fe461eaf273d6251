#include "plugin/daemon_options.hpp"

#include "plugin/secret_file.hpp"

namespace two_path {

ftp::ServerOptions ftp_options(const Settings& settings) {
    ftp::ServerOptions options;
    options.max_connections = settings.limits.ftp_connections;
    options.max_connections_per_peer = settings.limits.ftp_connections_per_address;
    options.same_data_peer = settings.ftp.same_data_peer;
    options.passive_ports = settings.ftp.passive_ports;
    boost::system::error_code ec;
    const auto advertised = boost::asio::ip::make_address_v4(settings.ftp.advertise, ec);
    if (!ec) options.advertised_address = advertised;
    return options;
}

TurnRules turn_rules(const Settings& settings) {
    auto rules = settings.turns;
    rules.most_fallbacks = settings.session.https_fallback ? settings.limits.fallbacks : 0;
    return rules;
}

Result<std::string> metrics_token(const Settings& settings) {
    constexpr std::size_t shortest = 16;
    constexpr std::size_t longest = 4096;
    if (settings.metrics.token_file.empty()) return std::string();
    const auto place = settings.place_of("metrics.token_file") + ": ";
    auto token = read_secret_file(settings.metrics.token_file, longest);
    if (!token) return fail(Errc::bad_configuration, place + token.error().detail);
    if (token->size() < shortest || token->find_first_of(" \r\n\t") != std::string::npos)
        return fail(Errc::bad_configuration,
                    place + "the token must have 16 bytes or more and no spaces; make one with "
                            "`openssl rand -hex 32`");
    return token;
}

control::HttpsServerOptions https_options(const Settings& settings) {
    control::HttpsServerOptions options;
    options.connections = {settings.limits.https_connections, settings.limits.https_connections_per_address};
    options.trusted_proxies = settings.https.trusted_proxies;
    return options;
}

} // namespace two_path
