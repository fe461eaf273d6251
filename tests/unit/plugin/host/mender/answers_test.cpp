/// A Mender server's answers: the shapes of its versions, and what is not one of them.
#include "plugin/host/mender/answers.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ostream>

namespace two_path::tests {
BOOST_AUTO_TEST_SUITE(mender_answers)

namespace {

namespace data = boost::unit_test::data;
namespace mender = host::mender;

/// One device's part; `image` is JSON or empty.
std::string part(const std::string& deployment, const std::string& status, const std::string& created,
                 const std::string& image) {
    return R"({"id":"x","deployment":{"id":")" + deployment + R"(","name":"n","artifact_name":"app-)" +
           deployment + R"(","status":"inprogress","artifacts":null},"device":{"id":"d","status":")" +
           status + R"(","created":")" + created + R"(","log":false)" +
           (image.empty() ? "" : R"(,"image":)" + image) + "}}";
}

std::string image(const std::string& updates) {
    return R"({"id":"i","name":"app","device_types_compatible":["board"],"updates":)" + updates + "}";
}

std::string image_with_file(const std::string& more) {
    return image(R"([{"type_info":{"type":"two-path"},"files":[{"name":"a.sha256","checksum":"0f","size":32,)"
                 R"("date":"2024-01-01T00:00:00Z"}])" +
                 more + "}]");
}

std::string active(const std::string& body) {
    const auto parts = mender::parse_parts(body);
    BOOST_TEST_REQUIRE(parts.has_value(), (parts ? "" : parts.error().detail));
    const auto found = mender::active_of(*parts);
    return found ? found->id : "none";
}

struct Broken {
    const char* what;
    Result<void> (*parse)(std::string_view);
};
std::ostream& operator<<(std::ostream& out, const Broken& row) {
    return out << row.what;
}

template<auto parser>
Result<void> outcome(std::string_view body) {
    const auto parsed = parser(body);
    if (!parsed) return parsed.error();
    return {};
}

const Broken parsers[]{
    {"a device's deployments", outcome<mender::parse_parts>},
    {"statistics", outcome<mender::parse_taken>},
    {"ids", outcome<mender::parse_ids>},
    {"names", outcome<mender::parse_names>},
    {"accepted devices", outcome<mender::parse_accepted>},
    {"an inventory", outcome<mender::parse_inventory>},
    {"deployments", outcome<mender::parse_deployments>},
    {"artifacts", outcome<mender::parse_artifacts>},
    {"a user", outcome<mender::parse_user>},
};

} // namespace

BOOST_DATA_TEST_CASE(what_is_not_as_published_is_told_and_asked_again, data::make(parsers), row) {
    for (const std::string_view body : {"", "<html>", "3", R"({"error":)", R"("text")"}) {
        const auto parsed = row.parse(body);
        BOOST_TEST_REQUIRE(!parsed.has_value());
        BOOST_CHECK(parsed.error().code == Errc::unavailable);
        BOOST_TEST(parsed.error().detail.find("the Mender server's ") == 0U, parsed.error().detail);
    }
}

BOOST_AUTO_TEST_CASE(the_files_of_the_artifact_are_read_whatever_the_version_says_of_its_meta_data) {
    for (const std::string more : {"", R"(,"metadata":{"two_path":{"files":{"00":{}}}})",
                                   R"(,"meta_data":[{"Key":"two_path","Value":{}}])",
                                   R"(,"meta_data":{"a":1})", R"(,"meta_data":null,"metadata":null)"}) {
        const auto body = "[" + part("1", "downloading", "2024-01-01T00:00:00Z", image_with_file(more)) + "]";
        const auto found = mender::active_of(mender::parse_parts(body).value());
        BOOST_TEST_REQUIRE(found.has_value());
        BOOST_TEST(found->id == "1");
        BOOST_TEST(found->artifact_name == "app-1");
        BOOST_TEST_REQUIRE(found->files.size() == 1U);
        BOOST_TEST(found->files[0].name == "a.sha256");
        BOOST_TEST(found->files[0].sha256 == "0f");
    }
}

BOOST_AUTO_TEST_CASE(an_artifact_without_files_has_none) {
    for (const std::string updates : {"null", "[]", R"([{"files":null}])", "[null]"}) {
        const auto body = "[" + part("1", "downloading", "2024-01-01T00:00:00Z", image(updates)) + "]";
        BOOST_TEST(mender::active_of(mender::parse_parts(body).value()).value().files.empty());
    }
}

BOOST_AUTO_TEST_CASE(the_device_works_on_the_oldest_that_is_not_finished_and_has_an_artifact) {
    const auto some = image_with_file("");
    BOOST_TEST(active("[]") == "none");
    BOOST_TEST(active("null") == "none");
    BOOST_TEST(active("[" + part("2", "pending", "2024-01-02T00:00:00Z", some) + "," +
                      part("1", "installing", "2024-01-01T00:00:00Z", some) + "]") == "1");
    BOOST_TEST(active("[" + part("2", "rebooting", "2024-01-01T00:00:01Z", some) + "," +
                      part("1", "rebooting", "2024-01-01T00:00:01.5Z", some) + "]") == "2");
    BOOST_TEST(active("[" + part("2", "pending", "2024-01-02T00:00:00Z", some) + "," +
                      part("1", "pending", "2024-01-01T00:00:00Z", "") + "]") == "2");
    for (const auto* end :
         {"success", "failure", "noartifact", "already-installed", "aborted", "decommissioned"})
        BOOST_TEST(active("[" + part("1", end, "2024-01-01T00:00:00Z", some) + "]") == "none");
}

BOOST_AUTO_TEST_CASE(deployments_that_were_taken_from_a_device_are_known_by_their_counters) {
    const auto taken =
        mender::parse_taken(R"([{"id":"1","stats":{"success":3,"aborted":0,"decommissioned":0}},
        {"id":"2","stats":{"aborted":2,"decommissioned":1}},{"id":"3","stats":null},{"id":"4"}])");
    BOOST_TEST_REQUIRE(taken.has_value());
    BOOST_TEST(taken->at("1") == 0U);
    BOOST_TEST(taken->at("2") == 3U);
    BOOST_TEST(taken->at("3") == 0U);
    BOOST_TEST(taken->at("4") == 0U);
}

BOOST_AUTO_TEST_CASE(only_accepted_devices_that_stay_are_accepted) {
    const auto accepted = mender::parse_accepted(R"([{"id":"a","status":"accepted","decommissioning":false},
        {"id":"b","status":"rejected"},{"id":"c","status":"accepted","decommissioning":true},
        {"id":"d","status":"pending"},{"id":"e","status":"accepted"}])");
    BOOST_TEST(accepted.value() == (std::vector<std::string>{"a", "e"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_inventory_tells_group_type_and_what_is_installed) {
    const auto inventory = mender::parse_inventory(R"({"id":"d","attributes":[
        {"name":"group","value":"no","scope":"inventory"},{"name":"group","value":"shops","scope":"system"},
        {"name":"artifact_name","value":"app-1","scope":"inventory"},{"name":"device_type","value":"board"},
        {"name":"mac","value":["a","b"],"scope":"identity"},{"name":"device_type","value":"x","scope":"tags"}]})");
    BOOST_TEST_REQUIRE(inventory.has_value());
    BOOST_TEST(inventory->group == "shops");
    BOOST_TEST(inventory->artifact_name == "app-1");
    BOOST_TEST(inventory->device_type == "board");
    BOOST_TEST(mender::parse_inventory(R"({"attributes":null})").value().group.empty());
}

BOOST_AUTO_TEST_CASE(artifacts_of_every_kind_are_listed) {
    const auto artifacts = mender::parse_artifacts(
        R"([{"id":"1","name":"app-2","device_types_compatible":["board",3],"updates":[{"type_info":{"type":"two-path"},
        "files":[{"name":"a.sha256","checksum":"0f"}]}]},{"id":"2","name":"empty","updates":null},
        {"id":"3","name":"scripts only","updates":[{"type_info":{"type":null},"files":null}]}])");
    BOOST_TEST_REQUIRE(artifacts.has_value());
    BOOST_TEST_REQUIRE(artifacts->size() == 3U);
    const auto& ours = artifacts->front();
    BOOST_TEST(ours.id == "1");
    BOOST_TEST(ours.device_types == std::vector<std::string>{"board"}, boost::test_tools::per_element());
    BOOST_TEST(ours.payload_type == "two-path");
    BOOST_TEST(ours.files.at(0).sha256 == "0f");
    BOOST_TEST(artifacts->at(1).payload_type.empty());
    BOOST_TEST(artifacts->at(2).payload_type.empty());
    BOOST_TEST(mender::parse_artifacts("null").value().empty());
}

BOOST_AUTO_TEST_CASE(users_and_locations) {
    BOOST_TEST(mender::parse_user(R"({"id":"u","email":"a@example.com"})").value() == "a@example.com");
    BOOST_TEST(mender::parse_user(R"({"id":"u"})").value() == "u");
    BOOST_TEST(mender::id_at_end("/api/management/v1/deployments/deployments/42") == "42");
    BOOST_TEST(mender::id_at_end("https://m/x/42") == "42");
    BOOST_TEST(mender::id_at_end("").empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
