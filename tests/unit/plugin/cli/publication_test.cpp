#include "plugin/catalog/artifact_reader.hpp"
#include "plugin/catalog/artifact_signature.hpp"
#include "plugin/cli/publish/open_file.hpp"
#include "plugin/cli/publish/plain_file.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/plugin/catalog/artifact_parts.hpp"
#include "tests/unit/plugin/catalog/test_keys.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <fstream>
#include <map>

namespace two_path::tests {
namespace {

using namespace cli;
using namespace publishing;

/// Keeps what is stored, by its id.
struct Publisher {
    TemporaryFolder folder;
    std::map<std::string, std::string> stored;
    std::uint64_t bytes_read{0};
    std::string begun;
    Destination destination;
    ReleaseOptions options;
    PlainOptions plain;

    Publisher() {
        options.name = "app-2.0";
        options.version = "2.0";
        options.version_file = "/opt/app/VERSION";
        options.sequence = 7;
        plain.installer = "script";
        plain.device_types = {"board"};
        destination.begin = [this](const Descriptor& descriptor) -> Result<void> {
            BOOST_TEST(stored.empty());
            begun = descriptor.release;
            return {};
        };
        destination.store = [this](WireStream& stream) -> Result<void> {
            std::string all;
            std::vector<std::uint8_t> buffer(40'000);
            while (true) {
                const auto got = stream.read(buffer);
                if (!got) return got.error();
                if (*got == 0) break;
                all.append(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got));
            }
            stored[sha256_hex(all)] = all;
            return {};
        };
        destination.progress = [this](std::uint64_t bytes) { bytes_read += bytes; };
    }
    std::filesystem::path file(const std::string& name, const std::string& content) const {
        std::ofstream(folder / name, std::ios::binary) << content;
        return folder / name;
    }
    Result<Publication> publish(const std::filesystem::path& path) const {
        return publish_file(path, plain, options, destination);
    }
    Result<Publication> wrap(const std::filesystem::path& path,
                             const std::optional<catalog::SignatureKey>& key = std::nullopt) const {
        const auto open = open_file(path).value();
        const auto judge = [&](const catalog::Artifact& artifact) {
            return key ? key->verify(artifact) : Result<void>();
        };
        return wrap_artifact(path.string(), open.source(destination.progress), judge, options, destination);
    }
    /// The stored content of the release's file `name`.
    std::string content(const Publication& publication, const std::string& name) const {
        for (const auto& file : publication.descriptor.files)
            if (file.name == name) return stored.at(file.id);
        throw std::runtime_error("no file " + name);
    }
};

/// What a device would make of it: the .mender written, read, its descriptor parsed, its lists compared.
Descriptor as_received(const Publication& publication) {
    const auto bytes = catalog::write_artifact(publication.artifact, {}).value();
    std::map<std::string, std::string> lists;
    const auto source = source_of(bytes);
    catalog::ArtifactReader reader(source);
    BOOST_REQUIRE(reader.open());
    std::array<std::uint8_t, 4096> buffer{};
    while (const auto file = reader.next_file().value())
        while (const auto got = reader.read(buffer).value())
            lists[file->name].append(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got));
    const auto& artifact = reader.artifact();
    BOOST_TEST(artifact.payload_type == "two-path");
    auto descriptor = parse_descriptor(json::serialize(artifact.meta_data)).value();
    BOOST_TEST(artifact.name == descriptor.release);
    for (const auto& file : descriptor.files)
        for (const auto& [kind, digest] : file.blocks) {
            const auto& list = lists.at(file.list_name(kind));
            BOOST_TEST(sha256_hex(list) == digest);
            BOOST_TEST(list.size() == block_count(file.wire_size, descriptor.block_size) * size_of(kind));
        }
    return descriptor;
}

std::string text(const json::object& object, const char* a, const char* b) {
    return std::string(object.at(a).as_object().at(b).as_string());
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(publication, Publisher)

BOOST_AUTO_TEST_CASE(a_plain_file_for_any_installer_goes_as_it_is) {
    const std::string content(3'000'000, 'c');
    plain.meta_data = {{"containers", {"a"}}};
    const auto made = publish(file("run.sh", content)).value();
    const auto descriptor = as_received(made);
    BOOST_TEST(begun == "app-2.0");
    BOOST_TEST(descriptor.version == "2.0");
    BOOST_TEST(descriptor.stream == "script");
    BOOST_TEST(descriptor.sequence == 7U);
    BOOST_TEST(descriptor.version_file == "/opt/app/VERSION");
    BOOST_TEST(descriptor.installer.type == "script");
    BOOST_TEST((descriptor.installer.meta_data == plain.meta_data));
    BOOST_REQUIRE(descriptor.files.size() == 1U);
    BOOST_TEST(descriptor.files[0].name == "run.sh");
    BOOST_TEST(descriptor.files[0].size == content.size());
    BOOST_TEST((this->content(made, "run.sh") == content));
    BOOST_TEST(bytes_read == content.size(), "the file is read exactly once");
    BOOST_TEST(text(made.artifact.type_info, "artifact_provides", "rootfs-image.script.version") ==
               "app-2.0");
    BOOST_TEST(made.artifact.type_info.at("clears_artifact_provides").as_array().at(0).as_string() ==
               "rootfs-image.script.*");
    BOOST_TEST((made.artifact.depends.at("device_type") == json::array{"board"}));
}

BOOST_AUTO_TEST_CASE(single_file_gets_what_menders_module_reads) {
    plain.installer = "single-file";
    plain.dest_dir = "/opt/app";
    const auto path = file("app", "hello");
    BOOST_REQUIRE(::chmod(path.c_str(), 0754) == 0);
    const auto made = publish(path).value();
    const auto descriptor = as_received(made);
    BOOST_TEST(descriptor.files.size() == 4U);
    BOOST_TEST(content(made, "dest_dir") == "/opt/app\n");
    BOOST_TEST(content(made, "filename") == "app\n");
    BOOST_TEST(content(made, "permissions") == "754\n");
    BOOST_TEST(content(made, "app") == "hello");
}

BOOST_AUTO_TEST_CASE(directory_gets_what_menders_module_reads) {
    plain.installer = "directory";
    plain.dest_dir = "/opt/app";
    const auto made = publish(file("anything.tar", "tar")).value();
    BOOST_TEST(made.descriptor.files.size() == 2U);
    BOOST_TEST(content(made, "dest_dir") == "/opt/app\n");
    BOOST_TEST(content(made, "update.tar") == "tar");
    BOOST_TEST(made.warnings.empty());
}

BOOST_AUTO_TEST_CASE(a_root_file_system_provides_what_menders_own_artifact_would) {
    plain.installer = "rootfs-image";
    const auto made = publish(file("os.ext4", "image")).value();
    const auto checksum = sha256_hex("image");
    for (const auto& type_info : {made.artifact.type_info, made.descriptor.installer.type_info}) {
        BOOST_TEST(text(type_info, "artifact_provides", "rootfs-image.version") == "app-2.0");
        BOOST_TEST(text(type_info, "artifact_provides", "rootfs-image.checksum") == checksum);
    }
}

BOOST_AUTO_TEST_CASE(the_default_name_is_file_and_version) {
    options.name.clear();
    BOOST_TEST(publish(file("app.tar", "x")).value().descriptor.release == "app-2.0");
    stored.clear();
    options.version_check = false;
    BOOST_TEST(!as_received(publish(file("app.tar", "x")).value()).version_check);
}

BOOST_AUTO_TEST_CASE(every_encoding_is_described_by_both_its_sizes) {
    const std::string content(500'000, 'z');
    for (const auto encoding : {Encoding::gzip, Encoding::xz, Encoding::zstd}) {
        options.encoding = encoding;
        const auto made = publish(file("app", content)).value();
        const auto described = as_received(made).files.at(0);
        BOOST_TEST(described.size == content.size());
        BOOST_TEST(described.sha256 == sha256_hex(content));
        BOOST_TEST(described.wire_size == stored.at(described.id).size());
        BOOST_TEST(described.wire_size < 10'000U);
        stored.clear();
    }
}

BOOST_AUTO_TEST_CASE(what_packing_would_only_blow_up_stays_as_it_is) {
    options.encoding = Encoding::xz;
    plain.installer = "single-file";
    plain.dest_dir = "/opt";
    const auto made = publish(file("app", std::string(4096, 'z'))).value();
    for (const auto& described : as_received(made).files)
        BOOST_TEST((described.encoding == (described.name == "app" ? Encoding::xz : Encoding::none)),
                   described.name);
}

BOOST_AUTO_TEST_CASE(an_empty_file_is_described_and_never_carried) {
    const auto made = publish(file("app", "")).value();
    BOOST_TEST(stored.empty());
    const auto descriptor = as_received(made);
    BOOST_TEST(descriptor.files.at(0).empty());
    BOOST_TEST(made.artifact.members.empty());
}

BOOST_AUTO_TEST_CASE(blocks_are_of_the_size_that_was_asked_for) {
    options.block_size = 64 * 1024;
    const auto made = publish(file("app", std::string(200'000, 'b'))).value();
    BOOST_TEST(as_received(made).block_size == 65536U);
    BOOST_TEST(made.artifact.members.at(0).content.size() == 4 * 64U); // 4 blocks, blake2b512
}

BOOST_AUTO_TEST_CASE(what_the_release_says_of_itself_arrives) {
    options.stream = "firmware";
    options.allow_from = {"3.0", "3.1"};
    options.reboot = Reboot::always;
    options.ask_device = true;
    const auto made = publish(file("app", "x")).value();
    const auto descriptor = as_received(made);
    BOOST_TEST(descriptor.stream == "firmware");
    BOOST_TEST(descriptor.allow_from.size() == 2U);
    BOOST_TEST((descriptor.installer.reboot == Reboot::always));
    BOOST_REQUIRE(made.artifact.scripts.size() == 2U);
    for (const auto& script : made.artifact.scripts) {
        BOOST_TEST(script.content.starts_with("#!/bin/sh\n"), script.name);
        BOOST_TEST(script.content.find("exit 21") != std::string::npos, script.name);
    }
    BOOST_TEST(made.artifact.scripts[0].name == "ArtifactInstall_Enter_50_two-path-ask");
    BOOST_TEST(made.artifact.scripts[1].name == "ArtifactReboot_Enter_50_two-path-ask");
    BOOST_TEST(made.warnings.size() == 1U, "script cannot roll back");
}

BOOST_AUTO_TEST_CASE(a_file_that_bears_a_helpers_name_is_refused) {
    plain.installer = "single-file";
    plain.dest_dir = "/opt";
    const auto refused = publish(file("filename", "x"));
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().detail == "filename: the installer needs a file of its own with this name");
}

BOOST_AUTO_TEST_CASE(what_the_destination_refuses_ends_it_before_anything_is_stored) {
    destination.begin = [](const Descriptor&) -> Result<void> { return fail(Errc::conflict, "taken"); };
    const auto refused = publish(file("app", "x"));
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error() == fail(Errc::conflict, "taken")));
    BOOST_TEST(stored.empty());
}

BOOST_AUTO_TEST_CASE(a_file_that_shrinks_or_grows_meanwhile_is_refused) {
    const auto path = file("app", std::string(200'000, 'x'));
    const auto store = destination.store;
    for (const int size : {100'000, 300'000}) {
        destination.store = [&](WireStream& stream) {
            std::filesystem::resize_file(path, static_cast<std::uintmax_t>(size));
            return store(stream);
        };
        const auto refused = publish(path);
        BOOST_REQUIRE(!refused);
        BOOST_TEST(refused.error().detail == "app: its size changed while it was read");
        std::filesystem::resize_file(path, 200'000);
    }
}

BOOST_AUTO_TEST_CASE(an_artifact_is_wrapped_with_all_it_says) {
    ArtifactParts parts;
    parts.header[0].second =
        R"({"payloads":[{"type":"single-file"}],"artifact_provides":{"artifact_name":"r-1",)"
        R"("artifact_group":"beta"},"artifact_depends":{"device_type":["board","b2"],)"
        R"("artifact_name":["r-0"],"artifact_group":["alpha"]}})";
    options.name.clear();
    const auto made = wrap(file("a.mender", parts.bytes())).value();
    const auto descriptor = as_received(made);
    BOOST_TEST(descriptor.release == "r-1");
    BOOST_TEST(descriptor.version == "2.0");
    BOOST_TEST(descriptor.stream == "single-file");
    BOOST_TEST(descriptor.installer.type == "single-file");
    BOOST_TEST(descriptor.installer.meta_data.at("answer").as_int64() == 42);
    BOOST_TEST(text(descriptor.installer.type_info, "artifact_provides", "a.b.version") == "r-1");
    BOOST_TEST(content(made, "dest_dir") == "/opt\n");
    BOOST_TEST((content(made, "app") == parts.data[1].second));
    BOOST_TEST(bytes_read == parts.bytes().size(), "the artifact is read exactly once");

    const auto outer = read_bytes(catalog::write_artifact(made.artifact, {}).value()).value();
    BOOST_TEST(outer.device_types.size() == 2U);
    BOOST_TEST(outer.group == "beta");
    BOOST_TEST((outer.depends.at("artifact_name") == json::array{"r-0"}));
    BOOST_TEST((outer.depends.at("artifact_group") == json::array{"alpha"}));
    BOOST_TEST(outer.depends.at("k").as_string() == "v");
    BOOST_TEST(outer.provides.at("a.b.version").as_string() == "r-1");
    BOOST_TEST(outer.clears_provides.at(0) == "a.b.*");
    BOOST_TEST(outer.scripts.at(0).name == "ArtifactInstall_Enter_00");
}

BOOST_AUTO_TEST_CASE(a_wrapped_artifact_may_get_another_name) {
    const auto made = wrap(file("a.mender", ArtifactParts().bytes())).value();
    BOOST_TEST(made.descriptor.release == "app-2.0");
    BOOST_TEST(made.artifact.provides.at("artifact_name").as_string() == "app-2.0");
}

BOOST_AUTO_TEST_CASE(files_of_equal_content_share_their_block_lists) {
    ArtifactParts parts;
    parts.data = {{"a", "same"}, {"b", "same"}, {"empty", ""}};
    const auto made = wrap(file("a.mender", parts.bytes())).value();
    BOOST_TEST(as_received(made).files.size() == 3U);
    BOOST_TEST(made.artifact.members.size() == 2U);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_wrapped_is_refused_by_name) {
    const auto refusal = [&](const ArtifactParts& parts) {
        const auto made = wrap(file("a.mender", parts.bytes()));
        BOOST_TEST(stored.empty());
        return made ? std::string("wrapped") : made.error().detail;
    };
    const auto path = (folder / "a.mender").string();
    ArtifactParts itself;
    itself.header[0].second.replace(itself.header[0].second.find("single-file"), 11, "two-path");
    itself.header[2].second = R"({"type":"two-path"})";
    BOOST_TEST(refusal(itself).starts_with(path + ": is a two-path release already"));
    ArtifactParts old;
    old.version = R"({"format":"mender","version":2})";
    BOOST_TEST(refusal(old) == path + ": Mender Artifact format 2");
    ArtifactParts several;
    several.header[0].second.replace(several.header[0].second.find("[{"), 1, R"([{"type":"other"},)");
    BOOST_TEST(refusal(several) == path + ": header-info: several payloads in one artifact");
    auto members = ArtifactParts().outer();
    members.insert(members.begin() + 2, {"manifest-augment", "x"});
    const auto augmented = wrap(file("a.mender", tar_of(members)));
    BOOST_REQUIRE(!augmented);
    BOOST_TEST(augmented.error().detail == path + ": manifest-augment: augmented artifacts");
    BOOST_TEST((augmented.error().code == Errc::unsupported));
    ArtifactParts own_script;
    own_script.header[1].first = "scripts/ArtifactInstall_Enter_50_two-path-ask";
    options.ask_device = true;
    BOOST_TEST(refusal(own_script).find("--ask-device") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(too_many_files_are_refused) {
    ArtifactParts parts;
    for (int i = 0; i < 63; ++i)
        parts.data.emplace_back("f" + std::to_string(i), "x" + std::to_string(i));
    const auto made = wrap(file("a.mender", parts.bytes()));
    BOOST_REQUIRE(!made);
    BOOST_TEST(made.error().detail.ends_with("more than 64 files; put them into a tar"));
}

BOOST_AUTO_TEST_CASE(a_damaged_artifact_is_never_published) {
    auto members = ArtifactParts().outer();
    ArtifactParts other;
    other.data[1].second[100'000] = 'y';
    content_of(members, "data/0000.tar.gz") = tar_of(other.data, other.encoding);
    const auto made = wrap(file("a.mender", tar_of(members)));
    BOOST_REQUIRE(!made);
    BOOST_TEST(made.error().detail.find("data/0000/app: the checksum is not the manifest's") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_wrapped_artifacts_signature_is_checked_when_a_key_is_given) {
    const auto key = ec_key("P-256");
    const auto open =
        catalog::SignatureKey::read_public(write_key(key, folder / "pub.pem", Form::public_key)).value();
    const auto secret = catalog::SignatureKey::read_private(
                            write_key(key, folder / "key.pem", Form::pkcs8),
                            [](const auto&) -> Result<std::string> { return fail(Errc::internal, ""); })
                            .value();
    ArtifactParts parts;
    const auto unsigned_one = wrap(file("a.mender", parts.bytes()), open);
    BOOST_REQUIRE(!unsigned_one);
    BOOST_TEST((unsigned_one.error().code == Errc::bad_signature));
    auto members = parts.outer();
    parts.signature = secret.sign(content_of(members, "manifest")).value();
    BOOST_TEST(wrap(file("a.mender", parts.bytes()), open).has_value());
    stored.clear();
    parts.data[0].second = "/etc\n"; // the manifest changes, the signature does not
    const auto forged = wrap(file("a.mender", parts.bytes()), open);
    BOOST_REQUIRE(!forged);
    BOOST_TEST((forged.error().code == Errc::bad_signature));
    BOOST_TEST(stored.empty());
}

BOOST_AUTO_TEST_CASE(artifacts_are_told_from_other_files) {
    BOOST_TEST(looks_like_artifact(file("a", ArtifactParts().bytes())));
    BOOST_TEST(!looks_like_artifact(file("b", tar_of({{"etc/version", "1"}}))));
    BOOST_TEST(!looks_like_artifact(file("c", "version")));
    BOOST_TEST(!looks_like_artifact(folder / "none"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
