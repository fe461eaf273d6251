#include "artifact_parts.hpp"
#include "plugin/catalog/artifact_writer.hpp"

#include <boost/test/unit_test.hpp>

namespace two_path::tests {
BOOST_AUTO_TEST_SUITE(artifact_writer)

namespace {

catalog::ArtifactContent small_content() {
    catalog::ArtifactContent content;
    content.payload_type = "two-path";
    content.provides = {{"artifact_name", "app-2.0"}, {"artifact_group", "beta"}};
    content.depends = {{"device_type", {"board", "board-2"}}, {"artifact_name", {"app-1.0"}}};
    content.type_info = {{"type", "single-file"},
                         {"artifact_provides", {{"rootfs-image.app.version", "2.0"}}},
                         {"artifact_depends", {{"k", "v"}}},
                         {"clears_artifact_provides", {"rootfs-image.app.*"}}};
    content.meta_data = {{"two_path", {{"format", 1}}}};
    content.scripts = {{"ArtifactInstall_Enter_00", "#!/bin/sh\nexit 0\n"}};
    content.members = {{"aa.sha256", std::string(32, 'd')}, {"aa.blake2b512", std::string(64, 'e')}};
    return content;
}

std::string detail_of(const catalog::ArtifactContent& content) {
    const auto written = catalog::write_artifact(content, {});
    return written ? std::string() : written.error().detail;
}

} // namespace

BOOST_AUTO_TEST_CASE(what_was_written_is_what_is_read) {
    const auto content = small_content();
    const auto bytes = catalog::write_artifact(content, {}).value();
    const auto artifact = read_bytes(bytes).value();
    BOOST_TEST(artifact.name == "app-2.0");
    BOOST_TEST(artifact.group == "beta");
    BOOST_TEST(artifact.payload_type == "two-path");
    BOOST_TEST(artifact.device_types.size() == 2U);
    BOOST_TEST((artifact.depends.at("artifact_name") == content.depends.at("artifact_name")));
    BOOST_TEST(artifact.depends.at("k").as_string() == "v");
    BOOST_TEST(artifact.provides.at("rootfs-image.app.version").as_string() == "2.0");
    BOOST_TEST(artifact.clears_provides.at(0) == "rootfs-image.app.*");
    BOOST_TEST(artifact.type_info.at("type").as_string() == "two-path");
    BOOST_TEST((artifact.meta_data == content.meta_data));
    BOOST_TEST(artifact.scripts.at(0).content == content.scripts.at(0).content);
    BOOST_REQUIRE(artifact.files.size() == 2U);
    BOOST_TEST(artifact.files[1].size == 64U);
    BOOST_TEST(!artifact.is_signed);
}

BOOST_AUTO_TEST_CASE(the_same_content_gives_the_same_bytes) {
    BOOST_TEST((catalog::write_artifact(small_content(), {}).value() ==
                catalog::write_artifact(small_content(), {}).value()));
}

BOOST_AUTO_TEST_CASE(the_smallest_is_large_enough_for_client_3_4) {
    catalog::ArtifactContent content;
    content.payload_type = "two-path";
    content.provides = {{"artifact_name", "a"}};
    content.depends = {{"device_type", {"b"}}};
    const auto bytes = catalog::write_artifact(content, {}).value();
    BOOST_TEST(bytes.size() >= 4096U);
    BOOST_TEST(bytes.size() % 512 == 0U);
    BOOST_TEST(read_bytes(bytes).value().files.empty());
}

BOOST_AUTO_TEST_CASE(the_signature_stands_behind_the_manifest_that_it_covers) {
    std::string covered;
    const auto bytes = catalog::write_artifact(small_content(), [&](std::string_view manifest) {
                           covered = manifest;
                           return Result<std::string>("c2ln");
                       }).value();
    const auto artifact = read_bytes(bytes).value();
    BOOST_TEST(artifact.is_signed);
    BOOST_TEST(artifact.signature == "c2ln");
    BOOST_TEST(artifact.manifest == covered);
    const auto unsigned_one = read_bytes(catalog::write_artifact(small_content(), {}).value()).value();
    BOOST_TEST(unsigned_one.manifest == covered);
    const auto failed = catalog::write_artifact(
        small_content(), [](std::string_view) -> Result<std::string> { return fail(Errc::internal, "no"); });
    BOOST_TEST(!failed);
}

BOOST_AUTO_TEST_CASE(a_member_without_bytes_is_never_written) {
    auto content = small_content();
    content.members[1].content.clear();
    BOOST_TEST(detail_of(content) == "data/aa.blake2b512: a file without bytes");
}

BOOST_AUTO_TEST_CASE(names_that_clients_refuse_are_refused) {
    for (const auto* name : {"", "a/b", "..", "a b", "\xc3\xa4"}) {
        auto content = small_content();
        content.members[0].name = name;
        BOOST_TEST(detail_of(content).starts_with("data/"), name);
    }
    auto twice = small_content();
    twice.members.push_back(twice.members[0]);
    BOOST_TEST(detail_of(twice) == "data/aa.sha256: comes twice");
    auto script = small_content();
    script.scripts.push_back(script.scripts[0]);
    BOOST_TEST(detail_of(script) == "scripts/ArtifactInstall_Enter_00: comes twice");
    script.scripts[1].name = "../x";
    BOOST_TEST(detail_of(script) == "a script's name is not a plain file name");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
