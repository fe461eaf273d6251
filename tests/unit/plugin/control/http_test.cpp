/// Headers, bearer tokens, query strings, bodies and the router, without a network.
#include "plugin/control/http.hpp"

#include "plugin/control/message_head.hpp"
#include "tests/support/plugin_world.hpp"
#include "tests/support/text_body.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ostream>

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(http)

namespace {

namespace data = boost::unit_test::data;

/// Answers with the route's name and what its `{names}` matched.
Handler named(const std::string& name) {
    return [name](Request& request) -> awaitable<Response> {
        Response response;
        response.body = name;
        for (const auto& [key, value] : request.parameters)
            response.body += " " + key + "=" + value;
        co_return response;
    };
}

Response serve(const Router& router, const std::string& method, const std::string& path) {
    Request request;
    request.method = method;
    request.path = path;
    request.id = "r1";
    return tests::run(router.serve(request));
}

Router sample_router() {
    Router router;
    router.add("GET", "/releases", named("list"));
    router.add("POST", "/releases", named("publish"));
    router.add("GET", "/releases/{name}", named("show"));
    router.add("GET", "/releases/newest", named("newest"));
    router.add("PUT", "/sessions/{session}/parts/{part}", named("part"));
    return router;
}

std::string reason_of(const Response& response) {
    return std::string(json::parse(response.body).at("reason").as_string());
}

struct Route {
    const char* method;
    const char* path;
    unsigned status;
    const char* body;
};
std::ostream& operator<<(std::ostream& out, const Route& route) {
    return out << route.method << ' ' << route.path;
}
const Route routes[]{
    {"GET", "/releases", 200, "list"},
    {"HEAD", "/releases", 200, "list"},
    {"POST", "/releases", 200, "publish"},
    {"GET", "/releases/one", 200, "show name=one"},
    {"GET", "/releases/newest", 200, "newest"},
    {"GET", "/releases/a%2Fb%20c", 200, "show name=a/b c"},
    {"GET", "/releases/100%25", 200, "show name=100%"},
    {"GET", "/r%65leases", 200, "list"},
    {"PUT", "/sessions/s/parts/p", 200, "part part=p session=s"},
    {"GET", "/releases/", 404, nullptr},
    {"GET", "/releases/a/b", 404, nullptr},
    {"GET", "/", 404, nullptr},
    {"GET", "//releases", 404, nullptr},
    {"GET", "/Releases", 404, nullptr},
    {"GET", "/releases/%2", 400, nullptr},
    {"GET", "/releases/%00", 400, nullptr},
    {"DELETE", "/releases", 405, nullptr},
    {"HEAD", "/sessions/s/parts/p", 405, nullptr},
};

} // namespace

BOOST_DATA_TEST_CASE(router_finds_the_route_or_says_what_is_wrong, data::make(routes), route) {
    const auto response = serve(sample_router(), route.method, route.path);
    BOOST_TEST(response.status == route.status);
    if (route.body != nullptr) BOOST_TEST(response.body == route.body);
}

BOOST_AUTO_TEST_CASE(router_names_the_reason_and_the_allowed_methods) {
    const auto unknown = serve(sample_router(), "GET", "/nothing");
    BOOST_TEST(reason_of(unknown) == "not_found");
    BOOST_TEST(json::parse(unknown.body).at("request_id").as_string() == "r1");
    const auto refused = serve(sample_router(), "DELETE", "/releases");
    BOOST_TEST(reason_of(refused) == "unsupported");
    BOOST_TEST(refused.headers.at("Allow") == "GET, HEAD, POST");
}

BOOST_AUTO_TEST_CASE(header_names_have_no_case) {
    Headers headers;
    headers["Content-Type"] = "a";
    headers["content-type"] = "b";
    BOOST_TEST(headers.size() == 1U);
    BOOST_TEST(headers.at("CONTENT-TYPE") == "b");
}

BOOST_AUTO_TEST_CASE(bearer_takes_the_token_and_nothing_else) {
    const std::pair<const char*, const char*> values[]{
        {"Bearer abc", "abc"}, {"bearer  abc", "abc"}, {"Bearer", ""},     {"Bearer ", ""},
        {"Basic abc", ""},     {"Bearerabc", ""},      {"Bearer a b", ""},
    };
    for (const auto& [value, token] : values) {
        Request request;
        request.headers["authorization"] = value;
        BOOST_TEST(request.bearer() == token, value);
    }
    BOOST_TEST(Request().bearer().empty());
}

BOOST_AUTO_TEST_CASE(query_is_decoded_and_keeps_repeated_names) {
    const auto query = parse_query("id=a&id=b+c&x=%C3%A9&flag&=v&&e=1%3D2");
    BOOST_REQUIRE(query);
    BOOST_TEST(query->count("id") == 2U);
    Request request;
    request.query = *query;
    BOOST_TEST(request.query_value("id") == "a");
    BOOST_TEST(request.query_value("x") == "\xC3\xA9");
    BOOST_TEST(request.query_value("e") == "1=2");
    BOOST_TEST(request.query_value("flag").empty());
    BOOST_TEST(query->count("flag") == 1U);
    BOOST_TEST(request.query_value("absent").empty());
    BOOST_TEST(!parse_query("a=%G0"));
    BOOST_TEST(!parse_query("a=%4"));
}

BOOST_AUTO_TEST_CASE(body_is_kept_up_to_its_bound) {
    tests::TextBody exact("12345678", 3);
    BOOST_TEST(tests::run(exact.all(8)).value() == "12345678");
    tests::TextBody over("123456789", 3);
    BOOST_CHECK(tests::run(over.all(8)).error().code == Errc::too_large);
}

BOOST_AUTO_TEST_CASE(errors_become_statuses_with_the_headers_that_belong_to_them) {
    const auto busy = Response::of(fail(Errc::busy, ""), "r");
    BOOST_TEST(busy.status == 429U);
    BOOST_TEST(busy.headers.contains("Retry-After"));
    BOOST_TEST(Response::of(fail(Errc::unavailable, ""), "r").headers.contains("Retry-After"));
    const auto unauthorized = Response::of(fail(Errc::unauthorized, ""), "r");
    BOOST_TEST(unauthorized.headers.at("WWW-Authenticate") == "Bearer");
    BOOST_TEST(!unauthorized.headers.contains("Retry-After"));
}

BOOST_AUTO_TEST_CASE(targets_in_origin_and_absolute_form_are_read) {
    const std::pair<const char*, const char*> good[]{{"/a/b?x=1", "/a/b"},
                                                     {"https://host:1/a?x=1", "/a"},
                                                     {"HTTPS://host?x=1", "/"},
                                                     {"/a%2Fb?x=1", "/a%2Fb"}};
    for (const auto& [target, path] : good) {
        Request request;
        BOOST_TEST_REQUIRE(read_target(target, request).has_value(), target);
        BOOST_TEST(request.path == path);
        BOOST_TEST(request.query_value("x") == "1");
    }
    for (const char* target : {"", "*", "a/b", "/%", "/a?x=%zz", "/%00"}) {
        Request request;
        BOOST_TEST(!read_target(target, request).has_value(), target);
    }
}

BOOST_AUTO_TEST_CASE(heads_cannot_be_broken_open_by_their_values) {
    Response response = Response::empty(200);
    response.headers["Location"] = "/a\r\nSet-Cookie: b";
    const auto head = print_head(response, "id", true, false);
    BOOST_TEST(head.find("Set-Cookie") == std::string::npos);
    BOOST_TEST(head.starts_with("HTTP/1.1 200 OK\r\n"));
    BOOST_TEST(head.find("Content-Length: 0\r\n") != std::string::npos);
    BOOST_TEST(print_head(Response::empty(204), "id", true, false).find("Content-Length") ==
               std::string::npos);

    for (const char* target : {"", "a", "/a b", "/a\r\nX: y"})
        BOOST_TEST(!print_request_head("GET", target, "host", {}, Framing::none, 0).has_value());
    BOOST_TEST(!print_request_head("GET", "/", "host", {{"X", "a\nb"}}, Framing::none, 0).has_value());
    BOOST_TEST(!print_request_head("GET X", "/", "host", {}, Framing::none, 0).has_value());
}

BOOST_AUTO_TEST_CASE(request_ids_of_the_gateway_are_kept_where_they_are_harmless) {
    BOOST_TEST(request_id_for({{"X-MEN-RequestID", "0af1-B2"}}) == "0af1-B2");
    for (const auto& value : {std::string(), std::string("a b"), std::string("a\nb"), std::string(65, 'a')})
        BOOST_TEST(request_id_for({{"X-MEN-RequestID", value}}) != value);
    BOOST_TEST(request_id_for({}) != request_id_for({}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
