#include "plugin/host/embedded/artifacts.hpp"
#include "tests/unit/plugin/host/host_world.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>

namespace two_path::tests {
BOOST_AUTO_TEST_SUITE(embedded_host_artifacts)

namespace {

std::string one(const std::string& id) {
    return std::string(artifacts_path) + "/" + id;
}

std::size_t files_in(const HostWorld& world) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(world.folder / "artifacts"))
        count += entry.is_regular_file() ? 1 : 0;
    return count;
}

/// Path and query of the link that the management API gives.
std::string link_to(HostWorld& world, const std::string& id) {
    const auto shown = world.as_user("GET", one(id) + "/download");
    BOOST_REQUIRE_EQUAL(shown.status, 200U);
    const std::string uri(body_of(shown).at("uri").as_string());
    const std::string origin = "https://updates.example:8443";
    BOOST_REQUIRE_EQUAL(uri.substr(0, origin.size()), origin);
    return uri.substr(origin.size());
}

} // namespace

BOOST_AUTO_TEST_CASE(an_uploaded_artifact_is_listed_as_mender_lists_it) {
    HostWorld world;
    const auto bytes = artifact_bytes("release-1", "board");
    const auto response = world.upload({bytes});
    BOOST_REQUIRE_EQUAL(response.status, 201U);
    const auto id = id_in_location(response);
    BOOST_TEST(response.headers.at("Location") == one(id));

    const auto list = body_of(world.as_user("GET", artifacts_path)).as_array();
    BOOST_REQUIRE_EQUAL(list.size(), 1U);
    const auto& shown = list[0];
    BOOST_TEST(shown.at("id").as_string() == id);
    BOOST_TEST(shown.at("name").as_string() == "release-1");
    BOOST_TEST(shown.at("description").as_string() == "first one");
    BOOST_TEST(shown.at("device_types_compatible") == json::array{"board"});
    BOOST_TEST(!shown.at("signed").as_bool());
    BOOST_TEST(shown.at("size").to_number<std::size_t>() == bytes.size());
    BOOST_TEST(shown.at("modified").as_string() == "2027-01-15T08:00:00.000Z");
    const auto& update = shown.at("updates").at(0);
    BOOST_TEST(update.at("type_info").at("type").as_string() == "single-file");
    BOOST_TEST(update.at("metadata").at("note").as_string() == "of release-1");
    BOOST_TEST(update.at("meta_data").at(0).at("Key").as_string() == "note");
    BOOST_TEST(update.at("files").at(0).at("checksum").as_string() == sha256_hex("content of release-1"));
    BOOST_TEST(body_of(world.as_user("GET", one(id))) == shown);
    BOOST_TEST(world.as_user("GET", one("unknown")).status == 404U);
}

BOOST_AUTO_TEST_CASE(an_upload_is_the_same_in_pieces_of_any_size) {
    HostWorld world;
    const auto bytes = artifact_bytes("release-1", "board");
    for (const std::size_t piece : {1U, 7U, 511U, 512U, 4096U, 100'000U}) {
        const auto response = world.upload({bytes}, piece);
        BOOST_REQUIRE_EQUAL(response.status, 201U);
        const auto path = link_to(world, id_in_location(response));
        BOOST_TEST((bytes_of_answer(world.call("GET", path)) == bytes));
        BOOST_TEST(world.as_user("DELETE", one(id_in_location(response))).status == 204U);
    }
}

BOOST_AUTO_TEST_CASE(what_is_damaged_or_no_artifact_is_refused_and_leaves_no_file) {
    HostWorld world;
    const auto bytes = artifact_bytes("release-1", "board");
    BOOST_TEST(world.upload({"no artifact"}).status == 400U);
    BOOST_TEST(world.upload({""}).status == 400U);
    for (std::size_t size = 512; size < bytes.size() - 1024; size += 512)
        BOOST_TEST(world.upload({bytes.substr(0, size)}).status == 400U);
    auto changed = bytes;
    changed[bytes.find("version") + 512 + 2] ^= 1;
    BOOST_TEST(world.upload({changed}).status == 400U);
    BOOST_TEST(world.upload({bytes, "", "\r\n--b0und"}).status == 400U);
    const std::string part = "--b0und\r\nContent-Disposition: form-data; name=\"size\"\r\n\r\n1\r\n";
    BOOST_TEST(world.upload({bytes, "", "\r\n" + part + "--b0und--\r\n"}).status == 400U);
    BOOST_TEST(files_in(world) == 0U);
    BOOST_TEST(body_of(world.as_user("GET", artifacts_path)).as_array().empty());
    BOOST_TEST(world.upload({bytes}).status == 201U);
}

BOOST_AUTO_TEST_CASE(an_upload_that_breaks_off_leaves_no_file) {
    HostWorld world;
    const auto whole = UploadForm{artifact_bytes("release-1", "board")}.body();
    for (const auto size : {whole.size() / 2, whole.size() - 20, whole.size()}) {
        TextBody body(whole.substr(0, size));
        body.breaks_off = true;
        BOOST_TEST(world.upload(body).status == 503U);
        BOOST_TEST(files_in(world) == 0U);
    }
}

BOOST_AUTO_TEST_CASE(an_upload_needs_a_user_and_a_form) {
    HostWorld world;
    const auto bytes = artifact_bytes("release-1", "board");
    const auto body = UploadForm{bytes}.body();
    const auto device = world.accepted_device();
    const std::string type = "multipart/form-data; boundary=b0und";
    BOOST_TEST(world.call("POST", artifacts_path, body, {{"Content-Type", type}}).status == 401U);
    BOOST_TEST(world
                   .call("POST", artifacts_path, body,
                         {{"Content-Type", type}, {"Authorization", "Bearer " + device.token}})
                   .status == 401U);
    BOOST_TEST(world.as_user("POST", artifacts_path, body).status == 400U);
    BOOST_TEST(files_in(world) == 0U);
}

BOOST_AUTO_TEST_CASE(too_large_an_artifact_is_refused) {
    HostWorld world;
    world.settings().max_artifact_size = 6'000;
    world.restart();
    BOOST_TEST(world.upload({std::string(6'001, 'x')}).status == 413U);
    BOOST_TEST(world.upload({std::string(6'000, 'x')}).status == 400U);
    BOOST_TEST(files_in(world) == 0U);
}

BOOST_AUTO_TEST_CASE(a_name_belongs_to_one_artifact_of_a_device_type) {
    HostWorld world;
    const auto bytes = artifact_bytes("release-1", "board");
    BOOST_TEST(world.upload({bytes}).status == 201U);
    BOOST_TEST(world.upload({bytes}).status == 409U);
    BOOST_TEST(files_in(world) == 1U);
    BOOST_TEST(
        world.upload({artifact_bytes("release-1", "board", {{"artifact_name", json::array{"r"}}})}).status ==
        201U);
    BOOST_TEST(world.upload({artifact_bytes("release-1", "other")}).status == 201U);
    const auto releases = world.as_user("GET", "/api/management/v2/deployments/deployments/releases");
    BOOST_TEST(releases.headers.at("X-Total-Count") == "1");
    BOOST_TEST(body_of(releases).at(0).at("artifacts_count").to_number<int>() == 3);
    BOOST_TEST(world.as_user("GET", "/api/management/v2/deployments/deployments/releases/release-1").status ==
               200U);
    BOOST_TEST(world.as_user("GET", "/api/management/v2/deployments/deployments/releases/other").status ==
               404U);
}

BOOST_AUTO_TEST_CASE(an_artifact_of_an_unfinished_deployment_stays) {
    HostWorld world;
    world.accepted_device();
    const auto id = world.add_artifact("release-1");
    const auto deployment = world.deploy("release-1");
    BOOST_TEST(world.as_user("DELETE", one(id)).status == 409U);
    world.as_user("PUT", std::string(deployments_path) + "/" + deployment + "/status",
                  R"({"status":"aborted"})");
    BOOST_TEST(world.as_user("DELETE", one(id)).status == 204U);
    BOOST_TEST(world.as_user("DELETE", one(id)).status == 404U);
    BOOST_TEST(files_in(world) == 0U);
}

BOOST_AUTO_TEST_CASE(a_link_gives_the_file_or_a_part_of_it_without_a_token) {
    HostWorld world;
    const auto bytes = artifact_bytes("release-1", "board");
    const auto path = link_to(world, id_in_location(world.upload({bytes})));
    const auto whole = world.call("GET", path);
    BOOST_TEST(whole.status == 200U);
    BOOST_REQUIRE(whole.file);
    BOOST_TEST(whole.file->size == bytes.size());
    BOOST_TEST((bytes_of_answer(whole) == bytes));

    const auto rest = world.call("GET", path, "", {{"Range", "bytes=1000-"}});
    BOOST_TEST(rest.status == 206U);
    const auto size = std::to_string(bytes.size());
    BOOST_TEST(rest.headers.at("Content-Range") ==
               "bytes 1000-" + std::to_string(bytes.size() - 1) + "/" + size);
    BOOST_TEST((bytes_of_answer(rest) == bytes.substr(1000)));
    BOOST_TEST(world.call("GET", path, "", {{"Range", "bytes=" + size + "-"}}).status == 416U);
}

BOOST_AUTO_TEST_CASE(a_link_cannot_be_made_up_and_ends) {
    HostWorld world;
    const auto first = link_to(world, world.add_artifact("release-1"));
    const auto second = link_to(world, world.add_artifact("release-2"));
    const auto with_query_of = [](const std::string& path, const std::string& query) {
        return path.substr(0, path.find('?')) + query.substr(query.find('?'));
    };
    BOOST_TEST(world.call("GET", with_query_of(first, second)).status == 403U);
    BOOST_TEST(world.call("GET", first.substr(0, first.find('?'))).status == 403U);
    auto later = first;
    later[later.find("x-men-expire=") + 14] = '9';
    BOOST_TEST(world.call("GET", later).status == 403U);
    world.restart();
    world.time.pass(world.settings().download_link_lifetime - std::chrono::seconds(1));
    BOOST_TEST(world.call("GET", first).status == 200U);
    world.time.pass(std::chrono::seconds(1));
    BOOST_TEST(world.call("GET", first).status == 403U);
}

BOOST_AUTO_TEST_CASE(links_begin_with_the_configured_url_and_never_with_a_made_up_host) {
    HostWorld world;
    const auto id = world.add_artifact("release-1");
    const auto ask = [&](const std::string& host) {
        return world.call("GET", one(id) + "/download", "",
                          {{"Authorization", "Bearer " + world.user_token()}, {"Host", host}});
    };
    BOOST_TEST(ask("evil.example/x?").status == 400U);
    BOOST_TEST(ask("").status == 400U);
    world.settings().public_url = "https://public.example/";
    world.restart();
    const auto shown = ask("evil.example/x?");
    BOOST_REQUIRE_EQUAL(shown.status, 200U);
    BOOST_TEST(std::string(body_of(shown).at("uri").as_string()).find("https://public.example/api/") == 0U);
}

BOOST_AUTO_TEST_CASE(a_start_removes_what_a_crash_left_and_keeps_the_rest) {
    HostWorld world;
    const auto bytes = artifact_bytes("release-1", "board");
    const auto id = id_in_location(world.upload({bytes}));
    const auto stray = world.folder / "artifacts" / "payloads" / std::string(64, 'a');
    const auto half = world.folder / "artifacts" / "incoming" / "half";
    for (const auto& file : {stray, half})
        std::ofstream(file) << "left behind";
    world.restart();
    BOOST_TEST(!std::filesystem::exists(stray));
    BOOST_TEST(!std::filesystem::exists(half));
    BOOST_TEST((bytes_of_answer(world.call("GET", link_to(world, id))) == bytes));
}

BOOST_AUTO_TEST_CASE(depends_decide_where_they_can_be_told) {
    using host::embedded::Installed;
    using host::embedded::StoredArtifact;
    StoredArtifact artifact;
    artifact.document = {{"device_types_compatible", json::array{"board", "other"}},
                         {"artifact_depends", json::object{{"device_type", json::array{"board", "other"}},
                                                           {"rootfs.version", "1"},
                                                           {"artifact_name", json::array{"a", "b"}}}}};
    Installed installed{"a", "board", {}, false};
    BOOST_TEST(host::embedded::suits(artifact, installed));
    installed.complete = true;
    BOOST_TEST(!host::embedded::suits(artifact, installed));
    installed.provides["rootfs.version"] = "1";
    BOOST_TEST(host::embedded::suits(artifact, installed));
    installed.provides["rootfs.version"] = "2";
    BOOST_TEST(!host::embedded::suits(artifact, installed));
    BOOST_TEST(!host::embedded::suits(artifact, {"c", "board", {{"rootfs.version", "1"}}, true}));
    BOOST_TEST(!host::embedded::suits(artifact, {"a", "third", {{"rootfs.version", "1"}}, true}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
