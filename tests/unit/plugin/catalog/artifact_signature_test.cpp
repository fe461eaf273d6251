#include "artifact_parts.hpp"
#include "plugin/catalog/artifact_signature.hpp"
#include "plugin/catalog/artifact_writer.hpp"
#include "protocol/encoding.hpp"
#include "test_keys.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>

namespace two_path::tests {
namespace {

using catalog::SignatureKey;

constexpr std::string_view manifest = "00  version\n";

Result<std::string> no_one_to_ask(const std::filesystem::path&) {
    return fail(Errc::bad_request, "asked");
}

struct Keys {
    TemporaryFolder folder;

    SignatureKey secret(const Key& key, Form form = Form::pkcs8) const {
        return SignatureKey::read_private(write_key(key, folder / "secret.pem", form), &no_one_to_ask)
            .value();
    }
    SignatureKey open(const Key& key) const {
        return SignatureKey::read_public(write_key(key, folder / "public.pem", Form::public_key)).value();
    }
    Errc refused(const Key& key) const {
        const auto read =
            SignatureKey::read_private(write_key(key, folder / "other.pem", Form::pkcs8), &no_one_to_ask);
        return read ? Errc::internal : read.error().code;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(artifact_signature, Keys)

BOOST_AUTO_TEST_CASE(what_a_key_signed_its_public_half_verifies) {
    for (const auto& key : {rsa_key(2048), ec_key("P-256")}) {
        for (const auto form : {Form::pkcs1_or_sec1, Form::pkcs8}) {
            const auto signature = secret(key, form).sign(manifest).value();
            BOOST_TEST(open(key).verify(manifest, signature).has_value());
            const auto other = open(key).verify("00  versiom\n", signature);
            BOOST_REQUIRE(!other);
            BOOST_TEST((other.error().code == Errc::bad_signature));
        }
    }
}

BOOST_AUTO_TEST_CASE(an_ecdsa_signature_is_r_and_s) {
    const auto key = ec_key("P-256");
    const auto signer = secret(key);
    // Short r and s keep their leading zeros: one signature in 128 has one.
    for (int i = 0; i < 600; ++i)
        BOOST_REQUIRE(from_base64(signer.sign(manifest).value())->size() == 64U);
}

BOOST_AUTO_TEST_CASE(an_ecdsa_signature_in_der_is_taken_as_well) {
    const auto key = ec_key("P-256");
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    Bytes der(128);
    auto size = der.size();
    BOOST_REQUIRE(EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key.get()) == 1);
    BOOST_REQUIRE(EVP_DigestSign(context, der.data(), &size, bytes_of(manifest).data(), manifest.size()) ==
                  1);
    EVP_MD_CTX_free(context);
    der.resize(size);
    BOOST_TEST(open(key).verify(manifest, to_base64(der)).has_value());
}

BOOST_AUTO_TEST_CASE(another_keys_signature_and_no_signature_are_refused) {
    for (const auto& [mine, other] :
         {std::pair{rsa_key(2048), rsa_key(2048)}, std::pair{ec_key("P-256"), ec_key("P-256")},
          std::pair{ec_key("P-256"), rsa_key(2048)}}) {
        const auto signature = secret(other).sign(manifest).value();
        BOOST_TEST(!open(mine).verify(manifest, signature));
        BOOST_TEST(!open(mine).verify(manifest, ""));
        BOOST_TEST(!open(mine).verify(manifest, "not base64"));
        BOOST_TEST(!open(mine).verify(manifest, to_base64(Bytes(64))));
        BOOST_TEST(!open(mine).verify(manifest, to_base64(Bytes(256, 0xff))));
    }
}

BOOST_AUTO_TEST_CASE(a_locked_key_asks_for_its_passphrase_and_names_its_file) {
    int asked = 0;
    std::string asked_for;
    const catalog::AskPassphrase knows = [&](const std::filesystem::path& file) {
        ++asked;
        asked_for = file.filename().string();
        return Result<std::string>("open sesame");
    };
    for (const auto& key : {rsa_key(2048), ec_key("P-256")})
        for (const auto form : {Form::pkcs8_locked, Form::pkcs1_or_sec1_locked}) {
            const auto read = SignatureKey::read_private(write_key(key, folder / "locked.pem", form), knows);
            BOOST_REQUIRE(read);
            BOOST_TEST(open(key).verify(manifest, read->sign(manifest).value()).has_value());
        }
    BOOST_TEST(asked == 4);
    BOOST_TEST(asked_for == "locked.pem");

    const auto wrong = SignatureKey::read_private(folder / "locked.pem",
                                                  [](const auto&) { return Result<std::string>("sesame"); });
    BOOST_REQUIRE(!wrong);
    BOOST_TEST((wrong.error().code == Errc::bad_configuration));
    BOOST_TEST(wrong.error().detail.ends_with("the passphrase is wrong, or the key is damaged"));
    const auto nobody = SignatureKey::read_private(folder / "locked.pem", &no_one_to_ask);
    BOOST_REQUIRE(!nobody);
    BOOST_TEST(nobody.error().detail == "asked");
}

BOOST_AUTO_TEST_CASE(keys_that_mender_does_not_know_are_refused_by_name) {
    BOOST_TEST((refused(ec_key("P-384")) == Errc::bad_configuration));
    BOOST_TEST((refused(ed25519_key()) == Errc::bad_configuration));
    BOOST_TEST((refused(rsa_key(1024)) == Errc::bad_configuration));

    std::ofstream(folder / "text.pem") << "hello\n";
    const auto text = SignatureKey::read_private(folder / "text.pem", &no_one_to_ask);
    BOOST_REQUIRE(!text);
    BOOST_TEST(text.error().detail.find("text.pem: no private key in PEM") != std::string::npos);
    BOOST_TEST(!SignatureKey::read_public(folder / "text.pem"));
    BOOST_TEST(!SignatureKey::read_public(write_key(rsa_key(2048), folder / "secret.pem", Form::pkcs8)));
    BOOST_TEST(!SignatureKey::read_private(folder / "none.pem", &no_one_to_ask));
}

BOOST_AUTO_TEST_CASE(an_artifacts_signature_is_verified_over_its_manifest) {
    const auto key = ec_key("P-256");
    ArtifactParts parts;
    parts.signature =
        secret(key).sign(content_of(*std::make_unique<Members>(parts.outer()), "manifest")).value();
    const auto artifact = read_bytes(parts.bytes()).value();
    BOOST_TEST(open(key).verify(artifact).has_value());
    BOOST_TEST(!open(ec_key("P-256")).verify(artifact));
    const auto none = open(key).verify(read_bytes(ArtifactParts().bytes()).value());
    BOOST_REQUIRE(!none);
    BOOST_TEST(none.error().detail == "the artifact is not signed");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
