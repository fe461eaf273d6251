#include "update-module/control/trust.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <cstdlib>
#include <memory>

namespace two_path::control {

namespace {

/// The file of the system's authorities, chosen as OpenSSL chooses it.
const char* authorities_file() {
    const char* const chosen = std::getenv(X509_get_default_cert_file_env());
    return chosen != nullptr ? chosen : X509_get_default_cert_file();
}

/// The certificate of that name which `store` holds by now, without a reference of its own, as OpenSSL
/// expects of an X509_LOOKUP_get_by_subject_fn. 1, or 0 when it holds none.
int held(X509_STORE* store, const X509_NAME* name, X509_OBJECT* found) {
    X509_STORE_lock(store);
    auto* const object = X509_OBJECT_retrieve_by_subject(X509_STORE_get0_objects(store), X509_LU_X509, name);
    auto* const certificate = object != nullptr ? X509_OBJECT_get0_X509(object) : nullptr;
    const bool set = certificate != nullptr && X509_OBJECT_set1_X509(found, certificate) == 1;
    X509_STORE_unlock(store);
    if (set) X509_free(certificate);
    return set ? 1 : 0;
}

/// Looks into the file of authorities: reads it whole into the store, once, where the store asks for a name
/// that nothing before knew.
int look_into_file(X509_LOOKUP* lookup, X509_LOOKUP_TYPE type, const X509_NAME* name, X509_OBJECT* found) {
    if (type != X509_LU_X509 || X509_LOOKUP_get_method_data(lookup) != nullptr) return 0;
    X509_LOOKUP_set_method_data(lookup, lookup); // any mark that it was read
    ERR_set_mark();
    const int read = X509_load_cert_crl_file(lookup, authorities_file(), X509_FILETYPE_PEM);
    ERR_pop_to_mark(); // whoever asks reports that the name is not known
    return read > 0 ? held(X509_LOOKUP_get_store(lookup), name, found) : 0;
}

X509_LOOKUP_METHOD* file_when_needed() {
    struct Free {
        void operator()(X509_LOOKUP_METHOD* method) const { X509_LOOKUP_meth_free(method); }
    };
    static const auto method = [] {
        std::unique_ptr<X509_LOOKUP_METHOD, Free> made(X509_LOOKUP_meth_new("authorities when needed"));
        if (made) X509_LOOKUP_meth_set_get_by_subject(made.get(), look_into_file);
        return made;
    }();
    return method.get();
}

/// As SSL_CTX_set_default_verify_paths, but nothing is read before it is asked for: reading a whole bundle of
/// authorities takes longer than all else that a call of the module does with the first path.
bool add_systems_authorities(X509_STORE* store) {
    auto* const folder = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    return folder != nullptr && X509_LOOKUP_add_dir(folder, nullptr, X509_FILETYPE_DEFAULT) == 1 &&
           file_when_needed() != nullptr && X509_STORE_add_lookup(store, file_when_needed()) != nullptr;
}

} // namespace

Result<void> trust(boost::asio::ssl::context& context, const std::string& ca_file) {
    if (!add_systems_authorities(SSL_CTX_get_cert_store(context.native_handle())))
        return fail(Errc::bad_configuration, "the system's certificate authorities cannot be looked up");
    boost::system::error_code error;
    if (!ca_file.empty()) context.load_verify_file(ca_file, error);
    if (error) return fail(Errc::bad_configuration, "CA file " + ca_file + ": " + error.message());
    context.set_verify_mode(boost::asio::ssl::verify_peer);
    if (SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION) != 1)
        return fail(Errc::bad_configuration, "this OpenSSL has no TLS 1.2");
    return {};
}

} // namespace two_path::control
