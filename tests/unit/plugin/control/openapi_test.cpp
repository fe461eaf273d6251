// Holds the server to docs/openapi.yaml: its paths and methods, and the fields of what it answers. The file
// keeps to a form (two spaces, one field a line) that a few expressions can read.
#include "api_world.hpp"

#include <fstream>
#include <regex>
#include <set>

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(openapi)

namespace {

using tests::Answer;
using tests::ApiWorld;
using tests::PluginWorld;

using Names = std::set<std::string>;

struct Schema {
    Names properties;
    Names required;
};

struct Document {
    std::map<std::string, Names> paths; ///< path -> methods
    std::map<std::string, Schema> schemas;
};

Names words(const std::string& text) {
    static const std::regex word("[A-Za-z0-9_]+");
    return {std::sregex_token_iterator(text.begin(), text.end(), word), std::sregex_token_iterator()};
}

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    return text;
}

Document read_document() {
    std::ifstream file(TWO_PATH_SOURCE "/docs/openapi.yaml");
    BOOST_REQUIRE(file);
    static const std::regex path("  (/api\\S+):");
    static const std::regex method("    (get|put|post|delete|head|patch):");
    static const std::regex schema("    ([A-Z][A-Za-z0-9]*):");
    static const std::regex property("        ([a-z][a-z0-9_]*):.*");
    static const std::regex required("      required:(.*)");
    static const std::regex more_required("        [ \\[].*[,\\]]");
    Document document;
    std::string last_path;
    Schema* last_schema = nullptr;
    bool in_schemas = false;
    bool in_required = false;
    for (std::string line; std::getline(file, line);) {
        std::smatch found;
        if (line == "  schemas:") in_schemas = true;
        if (!in_schemas && std::regex_match(line, found, path)) last_path = found[1];
        if (!in_schemas && std::regex_match(line, found, method))
            document.paths[last_path].insert(upper(found[1]));
        if (!in_schemas) continue;
        if (std::regex_match(line, found, schema)) last_schema = &document.schemas[found[1]];
        if (last_schema == nullptr) continue;
        const bool goes_on = in_required && std::regex_match(line, more_required);
        if (std::regex_match(line, found, required))
            last_schema->required.merge(words(found[1]));
        else if (goes_on)
            last_schema->required.merge(words(line));
        else if (std::regex_match(line, found, property))
            last_schema->properties.insert(found[1]);
        in_required = goes_on || std::regex_match(line, required);
    }
    return document;
}

std::string filled(std::string path) {
    for (const auto& [parameter, value] : {std::pair{"{session}", make_nonce()},
                                           {"{file}", std::string(64, 'a')},
                                           {"{payload}", std::string(64, 'a')},
                                           {"{release}", std::string("app")}})
        if (const auto at = path.find(parameter); at != std::string::npos)
            path.replace(at, std::string_view(parameter).size(), value);
    return path;
}

void check_object(const Document& document, const std::string& name, const json::value& value) {
    const auto& schema = document.schemas.at(name);
    BOOST_TEST(!schema.properties.empty(), name);
    Names fields;
    for (const auto& [field, ignored] : value.as_object())
        fields.insert(field);
    for (const auto& field : fields)
        BOOST_TEST(schema.properties.contains(field),
                   name << " has `" << field << "`, which is not described");
    for (const auto& field : schema.required)
        BOOST_TEST(fields.contains(field), name << " lacks `" << field << "`");
}

} // namespace

BOOST_AUTO_TEST_CASE(every_path_is_served_with_the_described_methods_and_no_other) {
    ApiWorld world;
    const auto document = read_document();
    BOOST_TEST(document.paths.size() == 30U);
    for (const auto& [path, methods] : document.paths) {
        BOOST_TEST_CONTEXT(path) {
            const auto answer = world.ask("", "PATCH", filled(path));
            BOOST_TEST(answer.status == 405U);
            auto allowed = words(answer.headers.at("Allow"));
            allowed.erase("HEAD");
            BOOST_TEST(allowed == methods, boost::test_tools::per_element());
        }
    }
}

BOOST_AUTO_TEST_CASE(everything_but_health_asks_for_a_token) {
    ApiWorld world;
    for (const auto& [path, methods] : read_document().paths)
        for (const auto& method : methods) {
            const bool open = path.ends_with("/health");
            BOOST_TEST(world.ask("", method, filled(path)).status == (open ? 200U : 401U),
                       method << " " << path);
        }
}

BOOST_AUTO_TEST_CASE(answers_have_the_described_fields) {
    ApiWorld world;
    const auto document = read_document();
    const auto check = [&](const char* schema, const json::value& value) {
        check_object(document, schema, value);
    };
    const auto descriptor = world.describe("app-2.0", "2.0", "some bytes");
    const auto registered = world.operate("POST", "/releases", json::serialize(to_json(descriptor)));
    check("Release", registered.body);
    BOOST_TEST(registered.body.as_object().contains("descriptor"));
    check("Release", world.operate("GET", "/releases").body.at(0));
    check("Payload", world.operate("GET", "/payloads").body.at(0));

    world.deploy("device-1", descriptor, "deployment-1");
    const auto opened = world.device("POST", "/sessions", PluginWorld::request(descriptor).to_json());
    check("OpenReply", opened.body);
    check("OpenRequest", PluginWorld::request(descriptor).to_json());
    const std::string id(opened.body.at("session").get_string());
    check("Session", world.operate("GET", "/sessions/" + id).body); // with the least that it can have

    world.sessions().stored("device-1", id).value();
    world.admission().fell_back(id, 5);
    auto session = world.store().session(id).value(); // and with the most
    session.reason = Errc::version_mismatch;
    session.detail = session.stage = "x";
    session.reported = "1.0";
    session.transfer = messages::TransferReport{10, 1, 2, 3, 4, "sha256", "ftp"};
    check("TransferReport", session.transfer->to_json());
    world.store().note(session, "note", "plugin", "x");
    world.store().add_redeployment({id, "device-1", "app-2.0", "deployment-1", 1, 1, std::nullopt});
    world.store().redeployed(id, "deployment-2");
    const auto shown = world.operate("GET", "/sessions/" + id).body;
    check("Session", shown);
    BOOST_TEST(shown.as_object().size() == document.schemas.at("Session").properties.size());
    check("Event", world.operate("GET", "/sessions/" + id + "/events").body.at(1));
    world.store().tell_results([](const state::Session&) { return "{}"; }, {});
    world.sessions().abort(id, "someone").value();
    world.store().not_told(id, "refused", 1);
    const auto notice = world.operate("GET", "/notices").body.at(0);
    check("Notice", notice);
    BOOST_TEST(notice.as_object().size() == document.schemas.at("Notice").properties.size());
    check("AuditFile", world.operate("GET", "/audit").body.at(0));
    const auto lines =
        world.text("token-op", std::string(messages::management_api) + "/audit/audit-00000001.jsonl");
    check("AuditLine", json::parse(lines.substr(0, lines.find('\n'))));
    const auto diagnosis = world.operate("GET", "/doctor").body;
    check("Diagnosis", diagnosis);
    for (const auto& one : diagnosis.at("checks").as_array())
        check("Check", one);
    check("ServiceReply", world.device("GET", "/service").body);
    check("SessionStatus", world.device("GET", "/sessions/" + id).body);
    check("Error", world.device("GET", "/sessions/" + make_nonce()).body);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
