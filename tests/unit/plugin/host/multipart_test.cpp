#include "plugin/host/embedded/multipart.hpp"
#include "tests/support/plugin_world.hpp"
#include "tests/support/text_body.hpp"

#include <boost/test/unit_test.hpp>

namespace two_path::tests {
BOOST_AUTO_TEST_SUITE(multipart_bodies)

namespace {

using host::embedded::header_parameter;
using host::embedded::Multipart;

constexpr std::string_view type = "multipart/form-data; boundary=\"b\"";

using Form = std::vector<std::pair<std::string, std::string>>;

awaitable<Result<Form>> collect(Multipart& multipart, std::size_t limit) {
    Form form;
    for (;;) {
        const auto name = co_await multipart.next();
        if (!name) co_return name.error();
        if (!*name) co_return form;
        const auto text = co_await multipart.all(limit);
        if (!text) co_return text.error();
        form.emplace_back(**name, *text);
    }
}

Result<Form> parse(const std::string& body, std::size_t piece = 1'000'000, std::size_t limit = 1'000'000) {
    TextBody memory(body, piece);
    auto multipart = Multipart::begin(memory, type);
    if (!multipart) return multipart.error();
    return run(collect(*multipart, limit));
}

Errc refusal(const std::string& body, std::size_t limit = 1'000'000) {
    const auto parsed = parse(body, 1'000'000, limit);
    BOOST_REQUIRE_MESSAGE(!parsed, body);
    return parsed.error().code;
}

std::string field(const std::string& name, const std::string& content) {
    return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\nX-Other: 1\r\n\r\n" + content +
           "\r\n";
}

} // namespace

BOOST_AUTO_TEST_CASE(parts_are_the_same_however_the_body_is_cut) {
    const std::string nasty = "\r\n--\r\n--c\r--b\n--b\r\n-\r\n--";
    const Form form{{"first", "one"}, {"empty", ""}, {"nasty", nasty}, {"artifact", std::string(300, '\0')}};
    std::string body = "a preamble\r\n";
    for (const auto& [name, content] : form)
        body += field(name, content);
    body += "--b--\r\nan epilogue";
    for (std::size_t piece = 1; piece <= body.size(); ++piece) {
        const auto parsed = parse(body, piece);
        BOOST_REQUIRE(parsed);
        BOOST_TEST((*parsed == form));
    }
}

BOOST_AUTO_TEST_CASE(a_body_that_ends_anywhere_too_early_is_refused) {
    const auto body = field("a", "one") + field("b", "two") + "--b--";
    BOOST_REQUIRE(parse(body));
    for (std::size_t size = 0; size < body.size(); ++size)
        BOOST_CHECK(refusal(body.substr(0, size)) == Errc::bad_request);
}

BOOST_AUTO_TEST_CASE(large_parts_pass_and_small_bounds_hold) {
    const std::string large(3'000'000, 'x');
    const auto body = field("a", large) + "--b--\r\n";
    const auto parsed = parse(body, 70'000, large.size());
    BOOST_REQUIRE(parsed);
    BOOST_TEST((parsed->at(0).second == large));
    BOOST_CHECK(refusal(body, large.size() - 1) == Errc::too_large);
}

BOOST_AUTO_TEST_CASE(what_has_no_end_is_refused) {
    std::string parts;
    for (int i = 0; i < 33; ++i)
        parts += field("a", "");
    BOOST_CHECK(refusal(parts + "--b--") == Errc::bad_request);
    BOOST_CHECK(refusal(std::string(2'000'000, 'x') + "\r\n" + field("a", "") + "--b--") == Errc::too_large);
    BOOST_CHECK(refusal("--b\r\nX: " + std::string(100'000, 'x')) == Errc::bad_request);
    std::string headers = "--b\r\n";
    for (int i = 0; i < 40; ++i)
        headers += "X: y\r\n";
    BOOST_CHECK(refusal(headers + "\r\n\r\n--b--") == Errc::bad_request);
    BOOST_CHECK(refusal(field("a", "") + "--b--" + std::string(2'000'000, 'x')) == Errc::bad_request);
    BOOST_CHECK(refusal("--bb\r\n\r\n") == Errc::bad_request);
}

BOOST_AUTO_TEST_CASE(only_a_multipart_type_with_a_boundary_is_one) {
    TextBody memory("");
    for (const std::string odd : {"", "text/plain", "multipart/form-data",
                                  "multipart/form-data; boundary=", "application/x; boundary=b"})
        BOOST_TEST(!Multipart::begin(memory, odd), odd);
    BOOST_TEST(
        !Multipart::begin(memory, "multipart/form-data; boundary=" + std::string(71, 'b')).has_value());
    BOOST_TEST(Multipart::begin(memory, "Multipart/Mixed; charset=x; Boundary=b").has_value());
}

BOOST_AUTO_TEST_CASE(parameters_are_tokens_or_quoted) {
    const std::string value = R"(form-data; name = "a;\"b\\"; filename=plain ;last=1)";
    BOOST_TEST(header_parameter(value, "NAME").value() == "a;\"b\\");
    BOOST_TEST(header_parameter(value, "filename").value() == "plain");
    BOOST_TEST(header_parameter(value, "last").value() == "1");
    BOOST_TEST(!header_parameter(value, "form-data"));
    BOOST_TEST(!header_parameter("form-data", "name"));
    BOOST_TEST(!header_parameter("form-data; name", "name"));
    BOOST_TEST(header_parameter("form-data; name=\"open", "name").value() == "open");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
