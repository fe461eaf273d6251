#include "protocol/encoding.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace two_path {
BOOST_AUTO_TEST_SUITE(encoding)

namespace {

std::string text_of(const Bytes& bytes) {
    return {bytes.begin(), bytes.end()};
}

} // namespace

// RFC 4648, section 10.
BOOST_AUTO_TEST_CASE(base64_has_the_standard_s_vectors) {
    struct {
        std::string_view bytes;
        std::string_view text;
    } const vectors[] = {{"", ""},
                         {"f", "Zg=="},
                         {"fo", "Zm8="},
                         {"foo", "Zm9v"},
                         {"foob", "Zm9vYg=="},
                         {"fooba", "Zm9vYmE="},
                         {"foobar", "Zm9vYmFy"}};
    for (const auto& one : vectors) {
        BOOST_TEST(to_base64(bytes_of(one.bytes)) == one.text);
        const auto unpadded = one.text.substr(0, one.text.find('='));
        BOOST_TEST(to_base64url(bytes_of(one.bytes)) == unpadded);
        BOOST_TEST(text_of(from_base64(one.text).value()) == one.bytes);
        BOOST_TEST(text_of(from_base64url(unpadded).value()) == one.bytes);
    }
    const Bytes high{0xfb, 0xff, 0xfe};
    BOOST_TEST(to_base64(high) == "+//+");
    BOOST_TEST(to_base64url(high) == "-__-");
}

BOOST_AUTO_TEST_CASE(each_value_has_one_text) {
    for (const auto* text :
         {"Zg=", "Zg", "Zh==", "Zm9=", "Zg==\n", " Zg==", "Zg==Zg==", "Zm-v", "Z", "====", "Zg==="})
        BOOST_TEST(!from_base64(text).has_value(), text);
    for (const auto* text : {"Zg==", "Zh", "Zm9", "Z", "Zm+v", "Zm/v", "Zg ", "Zg\n"})
        BOOST_TEST(!from_base64url(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(hexadecimal_is_strict) {
    BOOST_TEST(to_hex(Bytes{0x00, 0x9f, 0xff}) == "009fff");
    BOOST_TEST((from_hex("009fFF") == Bytes{0x00, 0x9f, 0xff}));
    BOOST_TEST(from_hex("").value().empty());
    for (const auto* text : {"0", "0g", "0x00", " 00", "00 "})
        BOOST_TEST(!from_hex(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(only_lower_case_names_a_file) {
    const std::string digits = "0123456789abcdef";
    const auto name = digits + digits + digits + digits;
    BOOST_TEST(is_sha256_hex(name));
    BOOST_TEST(!is_sha256_hex(name.substr(1)));
    BOOST_TEST(!is_sha256_hex(name + "0"));
    for (const char wrong : {'A', 'g', '/', '.', '\0'}) {
        auto other = name;
        other[10] = wrong;
        BOOST_TEST(!is_sha256_hex(other));
    }
    BOOST_TEST(!is_sha256_hex(""));
}

BOOST_AUTO_TEST_CASE(what_is_wiped_is_gone) {
    std::string secret(100, 's');
    const auto* characters = secret.data();
    wipe(secret);
    BOOST_TEST(secret.empty());
    Bytes key(100, 7);
    const auto* bytes = key.data();
    wipe(key);
    BOOST_TEST(key.empty());
    // The memory itself, which both still own.
    for (int i = 0; i < 100; ++i) {
        BOOST_TEST(characters[i] == '\0');
        BOOST_TEST(bytes[i] == 0);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path
