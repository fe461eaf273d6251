#include "protocol/certification.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

namespace two_path {
BOOST_AUTO_TEST_SUITE(certification)

namespace {

// docs/protocol.md, "Test vectors".
constexpr std::string_view secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
constexpr std::string_view session = "QEFCQ0RFRkdISUpLTE1OTw";
constexpr std::string_view client_nonce = "oKGio6SlpqeoqaqrrK2urw";
constexpr std::string_view server_nonce = "8PHy8_T19vf4-fr7_P3-_w";

ProofInput input(Mode mode) {
    return {mode, session, client_nonce, server_nonce};
}

Certification known() {
    return Certification::parse(secret).value();
}

} // namespace

BOOST_AUTO_TEST_CASE(C3_proofs_have_the_documented_values) {
    struct {
        Mode mode;
        Party party;
        std::string_view proof;
    } const vectors[] = {
        {Mode::pull, Party::plugin, "W8CZOJA2c4KxxAPRplKu-3QrtOLc6K7I46uHHeEwkbw"},
        {Mode::pull, Party::device, "NJhAHYV3CyD4SPcDe9ZpqCEC1dNOZLEh473jiOlojj4"},
        {Mode::push, Party::plugin, "xZkuwTJs3tuiOmdgXlLKBuprUFbrm9Db7wWelgLZaGc"},
        {Mode::push, Party::device, "4-k3plskQRSz8F6Y3ZiRnebXlpvwu7ppcdhlLZh3hUM"},
    };
    for (const auto& one : vectors) {
        BOOST_TEST(known().proof(one.party, input(one.mode)) == one.proof);
        BOOST_TEST(known().proves(one.proof, one.party, input(one.mode)));
    }
}

BOOST_AUTO_TEST_CASE(C3_a_proof_holds_for_nothing_but_what_it_was_made_for) {
    const auto proof = known().proof(Party::plugin, input(Mode::pull));
    const auto other = make_nonce();
    BOOST_TEST(!known().proves(proof, Party::device, input(Mode::pull)));
    BOOST_TEST(!known().proves(proof, Party::plugin, input(Mode::push)));
    BOOST_TEST(!known().proves(proof, Party::plugin, {Mode::pull, other, client_nonce, server_nonce}));
    BOOST_TEST(!known().proves(proof, Party::plugin, {Mode::pull, session, other, server_nonce}));
    BOOST_TEST(!known().proves(proof, Party::plugin, {Mode::pull, session, client_nonce, other}));
    BOOST_TEST(!known().proves(proof, Party::plugin, {Mode::pull, session, server_nonce, client_nonce}));
    BOOST_TEST(!Certification::make().proves(proof, Party::plugin, input(Mode::pull)));
    for (const auto& wrong : {std::string(), proof.substr(1), proof + "A", proof + "=", std::string(43, 'A')})
        BOOST_TEST(!known().proves(wrong, Party::plugin, input(Mode::pull)), wrong);
    for (std::size_t i = 0; i < proof.size(); ++i) {
        auto wrong = proof;
        wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
        BOOST_TEST(!known().proves(wrong, Party::plugin, input(Mode::pull)));
    }
}

BOOST_AUTO_TEST_CASE(C1_each_certification_is_another_and_survives_its_text) {
    std::set<std::string> made;
    for (int i = 0; i < 1000; ++i) {
        const auto one = Certification::make();
        const auto text = one.text();
        BOOST_TEST(text.size() == 43U);
        BOOST_TEST(Certification::parse(text).value().is(text));
        made.insert(text);
    }
    BOOST_TEST(made.size() == 1000U);
    BOOST_TEST(known().text() == secret);
}

BOOST_AUTO_TEST_CASE(only_32_bytes_of_base64url_are_a_certification) {
    for (const auto& text : {std::string(), std::string(42, 'A'), std::string(44, 'A'), std::string(43, '+'),
                             std::string(42, 'A') + "B", std::string(43, 'A') + "="})
        BOOST_TEST(!Certification::parse(text).has_value(), text);
    BOOST_TEST(Certification::parse(std::string(43, 'A')).has_value());
}

BOOST_AUTO_TEST_CASE(the_whole_text_is_compared) {
    BOOST_TEST(known().is(secret));
    BOOST_TEST(!known().is(secret.substr(1)));
    BOOST_TEST(!known().is(std::string(secret) + "A"));
    BOOST_TEST(!known().is(Certification::make().text()));
    BOOST_TEST(!known().is(""));
}

BOOST_AUTO_TEST_CASE(a_nonce_is_22_characters_that_end_in_no_stray_bits) {
    std::set<std::string> made;
    for (int i = 0; i < 1000; ++i) {
        const auto nonce = make_nonce();
        BOOST_TEST(is_nonce(nonce));
        made.insert(nonce);
    }
    BOOST_TEST(made.size() == 1000U);
    BOOST_TEST(is_nonce(session));
    for (const auto& text :
         {std::string(), std::string(21, 'A'), std::string(23, 'A'), std::string(21, 'A') + "B",
          std::string(21, 'A') + "+", std::string(21, 'A') + ".", std::string(20, 'A') + "=="})
        BOOST_TEST(!is_nonce(text), text);
}

BOOST_AUTO_TEST_CASE(names_are_the_protocol_s) {
    for (const auto mode : {Mode::pull, Mode::push})
        BOOST_TEST((mode_from_name(name_of(mode)) == mode));
    for (const auto issuer : {Issuer::plugin, Issuer::device})
        BOOST_TEST((issuer_from_name(name_of(issuer)) == issuer));
    BOOST_TEST(name_of(Mode::push) == "push");
    BOOST_TEST(name_of(Issuer::device) == "device");
    BOOST_TEST(name_of(Party::plugin) == "plugin");
    BOOST_TEST(!mode_from_name("PULL").has_value());
    BOOST_TEST(!issuer_from_name("server").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path
