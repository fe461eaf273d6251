#include "update-module/control/trust.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <memory>

namespace two_path::control {

namespace {

struct FreeVerification {
    void operator()(X509_STORE_CTX* verification) const { X509_STORE_CTX_free(verification); }
};

/// Whether what `asked` is about can be verified by what its store holds and looks up by now.
bool holds_as_it_is(X509_STORE_CTX* asked) {
    const std::unique_ptr<X509_STORE_CTX, FreeVerification> trial(X509_STORE_CTX_new());
    return trial &&
           X509_STORE_CTX_init(trial.get(), X509_STORE_CTX_get0_store(asked), X509_STORE_CTX_get0_cert(asked),
                               X509_STORE_CTX_get0_untrusted(asked)) == 1 &&
           X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(trial.get()), X509_STORE_CTX_get0_param(asked)) ==
               1 &&
           X509_verify_cert(trial.get()) == 1;
}

/// Reads the system's bundle of authorities into the store; where there is none, nothing.
void read_bundle(X509_STORE* store) {
    auto* const file = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (file != nullptr) X509_LOOKUP_load_file(file, nullptr, X509_FILETYPE_DEFAULT);
}

/// Verifies as OpenSSL does with all authorities, but reads their bundle only for a certificate that does not
/// hold without: that takes longer than all else that a call of the module does with the first path.
int verify(X509_STORE_CTX* asked, void* /*unused*/) {
    ERR_set_mark();
    if (!holds_as_it_is(asked)) read_bundle(X509_STORE_CTX_get0_store(asked));
    ERR_pop_to_mark(); // the verification itself says what is wrong
    return X509_verify_cert(asked);
}

/// Looks the system's authorities up by name in their folder.
bool look_into_folder(X509_STORE* store) {
    auto* const folder = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    if (folder == nullptr) return false;
    X509_LOOKUP_add_dir(folder, nullptr, X509_FILETYPE_DEFAULT); // an empty SSL_CERT_DIR means none
    ERR_clear_error();
    return true;
}

} // namespace

Result<void> trust(boost::asio::ssl::context& context, const std::string& ca_file) {
    if (!look_into_folder(SSL_CTX_get_cert_store(context.native_handle())))
        return fail(Errc::internal, "TLS cannot be set up");
    SSL_CTX_set_cert_verify_callback(context.native_handle(), verify, nullptr);
    boost::system::error_code error;
    if (!ca_file.empty()) context.load_verify_file(ca_file, error);
    if (error) return fail(Errc::bad_configuration, "CA file " + ca_file + ": " + error.message());
    context.set_verify_mode(boost::asio::ssl::verify_peer);
    if (SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION) != 1)
        return fail(Errc::bad_configuration, "this OpenSSL has no TLS 1.2");
    return {};
}

} // namespace two_path::control
