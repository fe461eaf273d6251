#include "update-module/control/server_certificate.hpp"

#include "ftp/asio.hpp"
#include "update-module/control/server_url.hpp"
#include "update-module/control/trust.hpp"
#include "update-module/resolve.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>

#include <openssl/x509v3.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>

namespace two_path::control {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;
using ftp::into;

constexpr milliseconds whole_look{5'000};
constexpr int most_names = 16;

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Names = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;

/// What one look needs and gives; it outlives the loop that runs it.
struct Look {
    std::vector<tcp::endpoint> endpoints;
    std::string step = "connection"; ///< what was under way
    error_code error;
    std::string trouble;
    Certificate certificate{nullptr, &X509_free};
};

/// Goes on whatever is wrong, and keeps the first of it. The server's own dates are judged by who asks.
bool note_trouble(Look& look, bool good, ssl::verify_context& context) {
    auto* store = context.native_handle();
    const int error = X509_STORE_CTX_get_error(store);
    const bool date = error == X509_V_ERR_CERT_NOT_YET_VALID || error == X509_V_ERR_CERT_HAS_EXPIRED;
    const bool own = X509_STORE_CTX_get_error_depth(store) == 0;
    if (!good && !(date && own) && look.trouble.empty())
        look.trouble = (own ? "" : "its authority: ") + std::string(X509_verify_cert_error_string(error));
    return true;
}

asio::awaitable<void> shake_hands(Look& look, ssl::context& context, std::string host, bool name) {
    const auto executor = co_await asio::this_coro::executor;
    ssl::stream<tcp::socket> stream(executor, context);
    stream.set_verify_callback(
        [&look](bool good, ssl::verify_context& verify) { return note_trouble(look, good, verify); });
    if (name) // the macro for this, SSL_set_tlsext_host_name, is made of old-style casts
        SSL_ctrl(stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 host.data());
    co_await asio::async_connect(stream.next_layer(), look.endpoints, into(look.error));
    if (look.error) co_return;
    look.step = "TLS handshake";
    co_await stream.async_handshake(ssl::stream_base::client, into(look.error));
    look.certificate.reset(SSL_get1_peer_certificate(stream.native_handle()));
}

std::int64_t seconds_of(const ASN1_TIME* time) {
    std::tm broken{};
    if (ASN1_TIME_to_tm(time, &broken) != 1) return 0;
    // Where time_t has 32 bits, timegm(3) ends in 2038 and certificates do not.
    using namespace std::chrono;
    const sys_days day{year{broken.tm_year + 1900} / (broken.tm_mon + 1) / broken.tm_mday};
    return (day + hours{broken.tm_hour} + minutes{broken.tm_min} + seconds{broken.tm_sec})
        .time_since_epoch()
        .count();
}

std::string text_of(const GENERAL_NAME* name) {
    int kind = 0;
    const auto* value = static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(name, &kind));
    if (kind != GEN_DNS && kind != GEN_IPADD) return {};
    const auto* bytes = ASN1_STRING_get0_data(value);
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(value));
    if (kind == GEN_DNS) return {bytes, bytes + size};
    asio::ip::address_v4::bytes_type four{};
    asio::ip::address_v6::bytes_type sixteen{};
    if (size == four.size()) {
        std::copy_n(bytes, size, four.begin());
        return asio::ip::address_v4(four).to_string();
    }
    if (size != sixteen.size()) return {};
    std::copy_n(bytes, size, sixteen.begin());
    return asio::ip::address_v6(sixteen).to_string();
}

std::vector<std::string> names_of(const X509* certificate) {
    const Names all(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
        &GENERAL_NAMES_free);
    std::vector<std::string> names;
    const int count = all ? std::min(sk_GENERAL_NAME_num(all.get()), most_names) : 0;
    for (int index = 0; index < count; ++index) {
        // The macro for this, sk_GENERAL_NAME_value, is made of an old-style cast.
        const void* name = OPENSSL_sk_value(ossl_check_const_GENERAL_NAME_sk_type(all.get()), index);
        if (auto text = text_of(static_cast<const GENERAL_NAME*>(name)); !text.empty())
            names.push_back(std::move(text));
    }
    return names;
}

bool is_for(X509* certificate, const ServerUrl& server) {
    error_code no_address;
    asio::ip::make_address(server.host, no_address);
    if (!no_address) return X509_check_ip_asc(certificate, server.host.c_str(), 0) == 1;
    return X509_check_host(certificate, server.host.data(), server.host.size(), 0, nullptr) == 1;
}

ServerCertificate described(Look& look, const ServerUrl& server) {
    ServerCertificate seen;
    seen.server = server.authority();
    seen.names = names_of(look.certificate.get());
    seen.begins = seconds_of(X509_get0_notBefore(look.certificate.get()));
    seen.ends = seconds_of(X509_get0_notAfter(look.certificate.get()));
    seen.names_server = is_for(look.certificate.get(), server);
    seen.trouble = std::move(look.trouble);
    return seen;
}

} // namespace

Result<ServerCertificate> look_at_certificate(const std::string& url, const std::string& ca_file,
                                              Deadline deadline) {
    const auto end = deadline.within(whole_look);
    const auto server = ServerUrl::parse(url);
    if (!server) return server.error();
    if (!server->secure) return fail(Errc::bad_configuration, url + " has no certificate");
    ssl::context context(ssl::context::tls_client);
    if (auto ready = trust(context, ca_file); !ready) return ready.error();
    Result<std::vector<std::string>> addresses(std::vector{server->literal()});
    if (addresses->front().empty()) addresses = device::resolve(server->host, end);
    if (!addresses) return addresses.error();

    Look look;
    for (const auto& address : *addresses) {
        error_code error;
        const auto parsed = asio::ip::make_address(address, error);
        if (!error) look.endpoints.emplace_back(parsed, server->port);
    }
    {
        asio::io_context loop(1);
        asio::co_spawn(loop, shake_hands(look, context, server->host, server->literal().empty()),
                       [](const std::exception_ptr& failure) {
                           if (failure) std::rethrow_exception(failure);
                       });
        loop.run_until(end.at());
        // Leaving the block closes the connection, whatever state it is in.
    }
    if (look.certificate) return described(look, *server);
    return fail(Errc::plugin_unreachable,
                server->authority() + ": " +
                    (look.error ? look.step + ": " + look.error.message() : "no " + look.step + " in time"));
}

} // namespace two_path::control
