#include "fake_server.hpp"
#include "plugin/catalog/artifact_signature.hpp"
#include "tests/unit/plugin/catalog/artifact_parts.hpp"
#include "tests/unit/plugin/catalog/test_keys.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace two_path::tests {
namespace {

struct Publishing : Operator {
    std::string file{(folder / "run.sh").string()};
    std::vector<std::string> words{"publish",       file,    "--version",   "2.0",   "--version-file", "/v",
                                   "--device-type", "board", "--installer", "script"};

    Publishing() {
        logged_in();
        std::ofstream(file) << "echo hello\n";
    }
    int publish(const std::vector<std::string>& more = {}) {
        auto all = words;
        all.insert(all.end(), more.begin(), more.end());
        return run(all);
    }
    /// The .mender inside the multipart body of the upload.
    std::string uploaded() const {
        for (const auto& request : server.requests)
            if (request.target == artifacts_api && request.method == "POST") {
                const auto begin = request.body.find("\r\n\r\n", request.body.find("name=\"artifact\"")) + 4;
                const auto type = request.headers.at("Content-Type");
                const auto boundary = type.substr(type.find("boundary=") + 9);
                return request.body.substr(begin, request.body.rfind("\r\n--" + boundary) - begin);
            }
        return {};
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(publish_command, Publishing)

BOOST_AUTO_TEST_CASE(payload_then_registration_then_mender) {
    BOOST_TEST(publish() == 0);
    const std::vector<std::string> order{"GET " + own_api + "/releases/run-2.0",
                                         "POST " + own_api + "/payloads", "POST " + own_api + "/releases",
                                         "POST " + artifacts_api,
                                         "PUT " + own_api + "/releases/run-2.0/artifact"};
    BOOST_TEST(server.seen == order, boost::test_tools::per_element());
    const auto artifact = read_bytes(uploaded()).value();
    BOOST_TEST(artifact.name == "run-2.0");
    BOOST_TEST(server.requests[2].body == json::serialize(artifact.meta_data));
    BOOST_TEST(server.payloads.begin()->second == "echo hello\n");
    BOOST_TEST(err.str().find("Published run-2.0 (version 2.0") != std::string::npos);
    BOOST_TEST(err.str().find("warning: the installer `script` cannot roll back") != std::string::npos);
    BOOST_TEST(artifact.meta_data.at("two_path").at("sequence").as_int64() == now);
}

BOOST_AUTO_TEST_CASE(scripts_get_one_document_and_silence) {
    BOOST_TEST(publish({"--json", "--quiet"}) == 0);
    const auto result = json_out().as_object();
    BOOST_TEST(result.at("release").as_string() == "run-2.0");
    BOOST_TEST(result.at("artifact").as_string() == "artifact-1");
    BOOST_TEST(result.at("payload_bytes").as_int64() == 11);
    BOOST_TEST(err.str().find("Published") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_mender_may_have_taken_stays_in_the_plugin) {
    for (const unsigned status : {408U, 500U, 502U, 503U, 504U})
        server.answer("POST " + artifacts_api, {status, "", {}});
    for (const int code : {7, 1, 7, 7, 7})
        BOOST_TEST(publish() == code);
    BOOST_TEST(
        std::ranges::none_of(server.seen, [](const auto& line) { return line.starts_with("DELETE"); }));
    BOOST_TEST(err.str().find("two-path releases remove run-2.0") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_mender_refuses_does_not_stay_in_the_plugin) {
    server.answer("POST " + artifacts_api, {409, R"({"error":"artifact not unique","request_id":"1"})", {}});
    server.answer("DELETE " + own_api + "/releases/run-2.0", {204, "", {}});
    BOOST_TEST(publish() == 6);
    BOOST_TEST(server.seen.back() == "DELETE " + own_api + "/releases/run-2.0");
}

BOOST_AUTO_TEST_CASE(a_registration_that_was_there_before_is_not_taken_back) {
    server.answer("POST " + own_api + "/releases", {200, "{}", {}});
    server.answer("POST " + artifacts_api, {409, R"({"error":"artifact not unique","request_id":"1"})", {}});
    BOOST_TEST(publish() == 6);
    BOOST_TEST(server.seen.back() == "POST " + artifacts_api);
}

BOOST_AUTO_TEST_CASE(a_name_that_is_taken_is_refused_before_the_file_is_sent) {
    server.answer("GET " + own_api + "/releases/run-2.0", {200, "{}", {}});
    BOOST_TEST(publish() == 6);
    BOOST_TEST(server.seen.size() == 1U);
    BOOST_TEST(error_line().find("release run-2.0, the file's name and --version, is there already; choose "
                                 "another --name") != std::string::npos,
               error_line());
    server.answer("GET " + own_api + "/releases/mine", {200, "{}", {}});
    BOOST_TEST(publish({"--name", "mine"}) == 6);
    BOOST_TEST(error_line().find("release mine is there already") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_plugin_that_received_other_bytes_is_not_believed) {
    server.answer("POST " + own_api + "/payloads",
                  {201, R"({"id":")" + std::string(64, 'a') + R"(","size":11})", {}});
    BOOST_TEST(publish() == 1);
    BOOST_TEST(error_line().find("run.sh: the plugin received other bytes") != std::string::npos);
    BOOST_TEST(server.seen.back() == "POST " + own_api + "/payloads");
}

BOOST_AUTO_TEST_CASE(a_release_is_signed_with_the_publishers_key) {
    const auto key = rsa_key(2048);
    const auto secret = write_key(key, folder / "key.pem", Form::pkcs8_locked).string();
    password = "open sesame";
    BOOST_TEST(publish({"--key", secret}) == 0);
    const auto open =
        catalog::SignatureKey::read_public(write_key(key, folder / "pub.pem", Form::public_key)).value();
    BOOST_TEST(open.verify(read_bytes(uploaded()).value()).has_value());
    password = "wrong";
    server.seen.clear();
    BOOST_TEST(publish({"--key", secret}) == 3);
    BOOST_TEST(server.seen.empty());
    BOOST_TEST(error_line().find("wrong") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_artifact_can_be_signed_elsewhere_and_uploaded_then) {
    const auto output = (folder / "out.mender").string();
    BOOST_TEST(publish({"--output", output}) == 0);
    BOOST_TEST(server.seen.back() == "POST " + own_api + "/releases");
    BOOST_TEST(uploaded().empty());
    std::ifstream in(output, std::ios::binary);
    const std::string written(std::istreambuf_iterator<char>(in), {});
    BOOST_TEST(read_bytes(written).value().name == "run-2.0");

    server.seen.clear();
    server.answer("POST " + own_api + "/releases", {200, "{}", {}});
    BOOST_TEST(run({"publish", "--upload", output}) == 0);
    BOOST_TEST(server.seen.at(0) == "POST " + own_api + "/releases");
    BOOST_TEST(server.seen.at(1) == "POST " + artifacts_api);
    BOOST_TEST((uploaded() == written));
}

struct Offline : Publishing {
    std::string output{(folder / "out.mender").string()};
    std::string payloads{(folder / "payloads").string()};
    /// Where the one payload is kept.
    std::filesystem::path payload() const {
        return std::filesystem::path(payloads) / sha256_hex("echo hello\n");
    }
};

BOOST_FIXTURE_TEST_CASE(a_release_is_made_without_a_server_and_brought_to_one_later, Offline) {
    std::filesystem::remove_all(shell.settings); // nobody has logged in
    BOOST_TEST(publish({"--output", output, "--payloads", payloads}) == 0);
    BOOST_TEST(server.seen.empty());
    BOOST_TEST(err.str().find("Wrote the payload of run-2.0") != std::string::npos);
    BOOST_TEST(std::filesystem::exists(payload()));

    logged_in();
    BOOST_TEST(run({"publish", "--upload", output, "--payloads", payloads}) == 0);
    const std::vector<std::string> order{"POST " + own_api + "/payloads", "POST " + own_api + "/releases",
                                         "POST " + artifacts_api,
                                         "PUT " + own_api + "/releases/run-2.0/artifact"};
    BOOST_TEST(server.seen == order, boost::test_tools::per_element());
    BOOST_TEST(server.payloads.at(payload().filename().string()) == "echo hello\n");
}

BOOST_FIXTURE_TEST_CASE(a_payload_that_is_not_the_one_described_registers_nothing, Offline) {
    BOOST_TEST(publish({"--output", output, "--payloads", payloads}) == 0);
    const std::vector<std::string> upload{"publish", "--upload", output, "--payloads", payloads};
    for (const auto* content : {"echo hallo\n", "echo"}) {
        std::ofstream(payload(), std::ios::trunc) << content;
        server.seen.clear();
        BOOST_TEST(run(upload) == 2);
        BOOST_TEST(error_line().find("not the bytes that the artifact describes") != std::string::npos);
        BOOST_TEST(std::ranges::count(server.seen, "POST " + own_api + "/releases") == 0);
    }
    std::filesystem::remove(payload());
    BOOST_TEST(run(upload) == 2);
    BOOST_TEST(error_line().find(payload().string()) != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_folder_that_cannot_be_written_is_told_and_nothing_is_left, Offline) {
    std::ofstream(folder / "file") << "no folder";
    BOOST_TEST(publish({"--output", output, "--payloads", (folder / "file").string()}) != 0);
    BOOST_TEST(error_line().find("cannot create a file") != std::string::npos);
    BOOST_TEST(!std::filesystem::exists(output));
    BOOST_TEST(publish({"--payloads", payloads}) == 2);
    BOOST_TEST(error_line().find("--payloads: goes with --output") != std::string::npos);
    BOOST_TEST(!std::filesystem::exists(payloads));
}

BOOST_AUTO_TEST_CASE(only_our_own_artifacts_are_uploaded) {
    std::ofstream(folder / "other.mender", std::ios::binary) << ArtifactParts().bytes();
    BOOST_TEST(run({"publish", "--upload", (folder / "other.mender").string()}) == 2);
    BOOST_TEST(error_line().find("not a two-path release") != std::string::npos);
    const auto output = (folder / "out.mender").string();
    BOOST_TEST(publish({"--output", output}) == 0);
    server.seen.clear();
    const auto open = write_key(ec_key("P-256"), folder / "pub.pem", Form::public_key).string();
    BOOST_TEST(run({"publish", "--upload", output, "--verify-key", open}) == 8);
    BOOST_TEST(server.seen.empty());
}

BOOST_AUTO_TEST_CASE(an_existing_artifact_is_recognised_and_brings_its_own) {
    const auto existing = (folder / "a.mender").string();
    std::ofstream(existing, std::ios::binary) << ArtifactParts().bytes();
    BOOST_TEST(run({"publish", existing, "--version", "2", "--version-command"}) == 0);
    const auto artifact = read_bytes(uploaded()).value();
    BOOST_TEST(artifact.name == "r-1");
    BOOST_TEST(artifact.meta_data.at("two_path").at("installer").at("type").as_string() == "single-file");
    BOOST_TEST(!artifact.meta_data.at("two_path").as_object().contains("version_file"));
    BOOST_TEST(!artifact.meta_data.at("two_path").as_object().contains("version_check"));
    for (const auto* option : {"--device-type", "--dest-dir", "--meta-data"}) {
        BOOST_TEST(run({"publish", existing, "--version", "2", "--version-command", option, "/x"}) == 2);
        BOOST_TEST(error_line().find("a Mender Artifact brings its own") != std::string::npos);
    }
    server.seen.clear();
    BOOST_TEST(run({"publish", existing, "--version", "2", "--version-command", "--installer", "script",
                    "--device-type", "board", "--name", "as-file"}) == 0);
    BOOST_TEST(server.payloads.contains(sha256_hex(ArtifactParts().bytes())));
}

BOOST_AUTO_TEST_CASE(the_installers_meta_data_comes_from_a_file) {
    std::ofstream(folder / "meta.json") << R"({"containers":["a"]})";
    BOOST_TEST(publish({"--meta-data", (folder / "meta.json").string()}) == 0);
    const auto artifact = read_bytes(uploaded()).value();
    BOOST_TEST(json::serialize(artifact.meta_data.at("two_path").at("installer").at("meta_data")) ==
               R"({"containers":["a"]})");
    std::ofstream(folder / "meta.json") << "[]";
    BOOST_TEST(publish({"--meta-data", (folder / "meta.json").string()}) == 2);
    BOOST_TEST(publish({"--meta-data", "/does/not/exist"}) == 2);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
