// Our artifacts in the hands of Mender's own tool, and its artifacts in ours.
#include "artifact_parts.hpp"
#include "plugin/catalog/artifact_signature.hpp"
#include "plugin/catalog/artifact_writer.hpp"
#include "test_keys.hpp"
#include "tests/support/program.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <fstream>

namespace two_path::tests {
namespace {

struct Tool {
    TemporaryFolder folder;

    Tool() {
        if (!available()) BOOST_TEST_MESSAGE("skipped: mender-artifact is not installed");
    }
    static bool available() {
        static const bool found = has_program("mender-artifact");
        return found;
    }
    std::string path(const std::string& name) const { return (folder / name).string(); }
    std::string write(const std::string& name, const std::string& bytes) const {
        std::ofstream(path(name), std::ios::binary) << bytes;
        return path(name);
    }
    Finished run(std::vector<std::string> words) const {
        words.insert(words.begin(), "mender-artifact");
        return run_program(words);
    }
    Result<catalog::Artifact> read(const std::string& file) const {
        const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
        auto artifact = catalog::read_artifact(catalog::file_source(descriptor));
        ::close(descriptor);
        return artifact;
    }
    catalog::SignatureKey secret(const Key& key) const {
        return catalog::SignatureKey::read_private(
                   write_key(key, folder / "secret.pem", Form::pkcs1_or_sec1),
                   [](const auto&) -> Result<std::string> { return fail(Errc::internal, "locked"); })
            .value();
    }
};

catalog::ArtifactContent content_with_everything() {
    catalog::ArtifactContent content;
    content.payload_type = "two-path";
    content.provides = {{"artifact_name", "app-2.0"}, {"artifact_group", "beta"}};
    content.depends = {{"device_type", {"board", "board-2"}}, {"artifact_name", {"app-1.0"}}};
    content.type_info = {{"artifact_provides", {{"rootfs-image.app.version", "2.0"}}},
                         {"clears_artifact_provides", {"rootfs-image.app.*"}}};
    content.meta_data = {{"two_path", {{"format", 1}, {"files", {{"00", {{"name", "x"}, {"size", 5}}}}}}}};
    content.scripts = {{"ArtifactInstall_Enter_00", "#!/bin/sh\nexit 0\n"}};
    content.members = {{std::string(64, 'a') + ".sha256", std::string(32, 'd')},
                       {std::string(64, 'a') + ".blake2b512", std::string(64, 'e')}};
    return content;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(mender_artifact, Tool)

BOOST_AUTO_TEST_CASE(our_artifacts_are_valid_and_read) {
    if (!available()) return;
    catalog::ArtifactContent smallest;
    smallest.payload_type = "two-path";
    smallest.provides = {{"artifact_name", "a"}};
    smallest.depends = {{"device_type", {"b"}}};
    for (const auto& content : {content_with_everything(), smallest}) {
        const auto file = write("a.mender", catalog::write_artifact(content, {}).value());
        const auto valid = run({"validate", file});
        BOOST_TEST(valid.exit_code == 0, valid.output);
        const auto shown = run({"read", file});
        BOOST_TEST(shown.exit_code == 0, shown.output);
        BOOST_TEST(shown.output.find("Type:   two-path") != std::string::npos, shown.output);
        BOOST_TEST(shown.output.find("Invalid metadata") == std::string::npos, shown.output);
        BOOST_TEST(shown.output.find("Signature: no signature") != std::string::npos, shown.output);
    }
}

BOOST_AUTO_TEST_CASE(our_artifacts_can_be_modified) {
    if (!available()) return;
    const auto file = write("a.mender", catalog::write_artifact(content_with_everything(), {}).value());
    const auto changed = run({"modify", "-n", "app-2.0-renamed", file});
    BOOST_TEST(changed.exit_code == 0, changed.output);
    BOOST_TEST(read(file).value().name == "app-2.0-renamed");
}

BOOST_AUTO_TEST_CASE(our_signatures_hold_and_only_for_their_key) {
    if (!available()) return;
    for (const auto& [key, other] :
         {std::pair{rsa_key(2048), rsa_key(2048)}, std::pair{ec_key("P-256"), ec_key("P-256")}}) {
        const auto signer = secret(key);
        const auto bytes = catalog::write_artifact(content_with_everything(), [&](std::string_view manifest) {
                               return signer.sign(manifest);
                           }).value();
        const auto file = write("signed.mender", bytes);
        const auto mine = write_key(key, folder / "public.pem", Form::public_key).string();
        const auto strange = write_key(other, folder / "other.pem", Form::public_key).string();
        const auto valid = run({"validate", "-k", mine, file});
        BOOST_TEST(valid.exit_code == 0, valid.output);
        BOOST_TEST(run({"validate", "-k", strange, file}).exit_code != 0);
    }
}

BOOST_AUTO_TEST_CASE(its_signature_under_our_artifact_verifies) {
    if (!available()) return;
    for (const auto& key : {rsa_key(2048), ec_key("P-256")}) {
        const auto file =
            write("to-sign.mender", catalog::write_artifact(content_with_everything(), {}).value());
        const auto secret_file = write_key(key, folder / "secret.pem", Form::pkcs1_or_sec1).string();
        const auto done = run({"sign", file, "-k", secret_file});
        BOOST_REQUIRE_MESSAGE(done.exit_code == 0, done.output);
        const auto artifact = read(file).value();
        BOOST_TEST(artifact.is_signed);
        BOOST_TEST((artifact.meta_data == content_with_everything().meta_data));
        const auto open =
            catalog::SignatureKey::read_public(write_key(key, folder / "public.pem", Form::public_key))
                .value();
        BOOST_TEST(open.verify(artifact).has_value());
    }
}

BOOST_AUTO_TEST_CASE(its_artifacts_are_read_in_every_compression) {
    if (!available()) return;
    const auto payload = write("payload", std::string(300'000, 'p') + "end");
    const auto script = write("ArtifactInstall_Enter_00", "#!/bin/sh\n");
    for (const auto* compression : {"none", "gzip", "lzma"}) {
        const auto file = path("its.mender");
        const auto written =
            run({"write", "module-image", "-T", "single-file", "-n", "r-1", "-t", "a", "-t", "b", "-f",
                 payload, "-s", script, "--compression", compression, "-o", file});
        BOOST_REQUIRE_MESSAGE(written.exit_code == 0, written.output);
        const auto artifact = read(file);
        BOOST_REQUIRE_MESSAGE(artifact, compression << ": " << artifact.error().message());
        BOOST_TEST(artifact->name == "r-1");
        BOOST_TEST(artifact->device_types.size() == 2U);
        BOOST_TEST(artifact->provides.contains("rootfs-image.single-file.version"));
        BOOST_TEST(artifact->files.at(0).size == 300'003U);
        BOOST_TEST(artifact->scripts.size() == 1U);
        BOOST_TEST(artifact->size == std::filesystem::file_size(file));
    }
}

BOOST_AUTO_TEST_CASE(its_other_kinds_are_read_or_refused_by_name) {
    if (!available()) return;
    const auto image = write("image", std::string(100'000, 'i'));
    BOOST_REQUIRE(
        run({"write", "rootfs-image", "-n", "os-1", "-t", "a", "-f", image, "-o", path("os.mender")})
            .exit_code == 0);
    const auto os = read(path("os.mender")).value();
    BOOST_TEST(os.payload_type == "rootfs-image");
    BOOST_TEST(os.provides.at("rootfs-image.version").as_string() == "os-1");

    BOOST_REQUIRE(run({"write", "rootfs-image", "-n", "os-1", "-t", "a", "-f", image, "--version", "2", "-o",
                       path("two.mender")})
                      .exit_code == 0);
    BOOST_TEST(read(path("two.mender")).error().detail == "Mender Artifact format 2");
    BOOST_REQUIRE(run({"write", "module-image", "-T", "x", "-n", "r", "-t", "a", "-f", image,
                       "--augment-type", "x", "--augment-file", image, "-o", path("augmented.mender")})
                      .exit_code == 0);
    BOOST_TEST(read(path("augmented.mender")).error().detail == "manifest-augment: augmented artifacts");
    BOOST_REQUIRE(
        run({"write", "bootstrap-artifact", "-n", "r", "-t", "a", "-o", path("boot.mender")}).exit_code == 0);
    BOOST_TEST(read(path("boot.mender")).error().detail == "header-info: an artifact without a payload");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
