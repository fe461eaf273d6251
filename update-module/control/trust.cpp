#include "update-module/control/trust.hpp"

namespace two_path::control {

Result<void> trust(boost::asio::ssl::context& context, const std::string& ca_file) {
    boost::system::error_code error;
    context.set_default_verify_paths(error);
    if (!ca_file.empty()) context.load_verify_file(ca_file, error);
    if (error) return fail(Errc::bad_configuration, "CA file " + ca_file + ": " + error.message());
    context.set_verify_mode(boost::asio::ssl::verify_peer);
    if (SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION) != 1)
        return fail(Errc::bad_configuration, "this OpenSSL has no TLS 1.2");
    return {};
}

} // namespace two_path::control
