#include "protocol/descriptor.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>

namespace two_path {
BOOST_AUTO_TEST_SUITE(descriptor)

namespace {

const std::string some_hex(64, 'a');
const std::string other_hex(64, 'b');

json::object good() {
    const json::object file{{"name", "rootfs.ext4"},
                            {"size", 3000000},
                            {"sha256", some_hex},
                            {"encoding", "gzip"},
                            {"wire",
                             {{"size", 1500000},
                              {"sha256", other_hex},
                              {"blocks", {{"sha256", some_hex}, {"blake2b512", other_hex}}}}}};
    return {{"two_path",
             {{"format", 1},
              {"release", "app-2.0"},
              {"version", "2.0"},
              {"stream", "app"},
              {"sequence", 1795000000},
              {"allow_from", {"3.0"}},
              {"installer",
               {{"type", "directory"},
                {"type_info", {{"artifact_provides", {{"x", "y"}}}}},
                {"meta_data", {{"dest", "/opt"}}},
                {"reboot", "always"}}},
              {"version_file", "/opt/app/VERSION:APP"},
              {"block_size", 1048576},
              {"files", {{"00", file}}}}}};
}

using Object = json::object;
Object& body(Object& document) {
    return document.at("two_path").as_object();
}
Object& file(Object& document) {
    return body(document).at("files").at("00").as_object();
}
Object& wire(Object& document) {
    return file(document).at("wire").as_object();
}
Object& installer(Object& document) {
    return body(document).at("installer").as_object();
}

struct Case {
    const char* what;
    std::function<void(Object&)> change;
    Errc code{Errc::bad_descriptor};
    std::string_view named{};
};

std::vector<Case> refused() {
    const auto drop = [](const char* name) { return [name](Object& d) { body(d).erase(name); }; };
    return {
        {"no two_path", [](Object& d) { d.erase("two_path"); }, Errc::bad_descriptor, "two_path"},
        {"two_path is a text", [](Object& d) { d["two_path"] = "x"; }, Errc::bad_descriptor, "two_path"},
        {"no format", drop("format"), Errc::bad_descriptor, "format"},
        {"format 2", [](Object& d) { body(d)["format"] = 2; }, Errc::unsupported, "format 2"},
        {"no release", drop("release"), Errc::bad_descriptor, "release"},
        {"an empty release", [](Object& d) { body(d)["release"] = ""; }, Errc::bad_descriptor, "release"},
        {"a release of two lines", [](Object& d) { body(d)["release"] = "a\nb"; }},
        {"a release too long", [](Object& d) { body(d)["release"] = std::string(256, 'r'); }},
        {"no version", drop("version"), Errc::bad_descriptor, "version"},
        {"a version that is a number", [](Object& d) { body(d)["version"] = 2; }, Errc::bad_descriptor,
         "version"},
        {"no stream", drop("stream"), Errc::bad_descriptor, "stream"},
        {"no sequence", drop("sequence"), Errc::bad_descriptor, "sequence"},
        {"a negative sequence", [](Object& d) { body(d)["sequence"] = -1; }, Errc::bad_descriptor,
         "sequence"},
        {"a sequence that JSON tools round",
         [](Object& d) { body(d)["sequence"] = std::uint64_t{1} << 53U; }},
        {"half a sequence", [](Object& d) { body(d)["sequence"] = 1.5; }},
        {"allow_from with a number", [](Object& d) { body(d)["allow_from"] = json::array{1}; },
         Errc::bad_descriptor, "allow_from"},
        {"no block size", drop("block_size"), Errc::bad_descriptor, "block_size"},
        {"a block size that is no power of two", [](Object& d) { body(d)["block_size"] = 1000000; }},
        {"a small block size", [](Object& d) { body(d)["block_size"] = 32768; }},
        {"a large block size", [](Object& d) { body(d)["block_size"] = 8388608; }},
        {"no installer", drop("installer"), Errc::bad_descriptor, "installer"},
        {"an installer elsewhere", [](Object& d) { installer(d)["type"] = "../x"; }, Errc::bad_descriptor,
         "type"},
        {"an installer without a name", [](Object& d) { installer(d)["type"] = ""; }},
        {"two-path in two-path", [](Object& d) { installer(d)["type"] = "two-path"; }, Errc::unsupported},
        {"an unknown reboot", [](Object& d) { installer(d)["reboot"] = "never"; }, Errc::bad_descriptor,
         "reboot"},
        {"no files", drop("files"), Errc::bad_descriptor, "files"},
        {"files that are none",
         [](Object& d) {
             body(d)["files"] = {{"00", 1}};
         },
         Errc::bad_descriptor, "files"},
        {"files in a list, which mender-artifact does not take",
         [](Object& d) { body(d)["files"] = json::array{file(d)}; }, Errc::bad_descriptor, "files"},
        {"65 files",
         [](Object& d) {
             for (int i = 10; i < 74; ++i)
                 body(d).at("files").as_object()[std::to_string(i)] = file(d);
         },
         Errc::bad_descriptor, "64 files"},
        {"the same name twice",
         [](Object& d) {
             const auto first = file(d);
             body(d).at("files").as_object()["01"] = first;
         },
         Errc::bad_descriptor, "rootfs.ext4"},
        {"a file in a folder", [](Object& d) { file(d)["name"] = "a/b"; }, Errc::bad_descriptor, "name"},
        {"a file that is a folder", [](Object& d) { file(d)["name"] = ".."; }, Errc::bad_descriptor, "name"},
        {"a file named in two lines", [](Object& d) { file(d)["name"] = "a\nb"; }},
        {"a digest in capitals", [](Object& d) { file(d)["sha256"] = std::string(64, 'A'); },
         Errc::bad_descriptor, "sha256"},
        {"an unknown encoding", [](Object& d) { file(d)["encoding"] = "br"; }, Errc::unsupported, "br"},
        {"no wire", [](Object& d) { file(d).erase("wire"); }, Errc::bad_descriptor, "wire"},
        {"an id with a slash", [](Object& d) { wire(d)["sha256"] = "/" + std::string(63, 'a'); }},
        {"no bytes on the wire", [](Object& d) { wire(d)["size"] = 0; }, Errc::bad_descriptor, "size"},
        {"no blocks", [](Object& d) { wire(d).erase("blocks"); }, Errc::bad_descriptor, "blocks"},
        {"no block digest that is known",
         [](Object& d) {
             wire(d)["blocks"] = {{"md5", some_hex}};
         },
         Errc::bad_descriptor, "blocks"},
        {"a short block digest", [](Object& d) { wire(d).at("blocks").as_object()["sha256"] = "aa"; },
         Errc::bad_descriptor, "sha256"},
        {"not encoded, and of another size",
         [](Object& d) {
             file(d)["encoding"] = "none";
             file(d)["sha256"] = other_hex;
         }},
        {"sizes beyond belief", [](Object& d) { file(d)["size"] = (std::uint64_t{1} << 53U) - 1; }},
    };
}

} // namespace

BOOST_AUTO_TEST_CASE(a_good_descriptor_is_read_and_written_back) {
    const auto parsed = parse_descriptor(json::serialize(good()));
    BOOST_REQUIRE(parsed);
    BOOST_TEST(parsed->release == "app-2.0");
    BOOST_TEST(parsed->version == "2.0");
    BOOST_TEST(parsed->stream == "app");
    BOOST_TEST(parsed->sequence == 1795000000U);
    BOOST_TEST(parsed->allow_from == std::vector<std::string>{"3.0"});
    BOOST_TEST(parsed->installer.type == "directory");
    BOOST_TEST(parsed->installer.meta_data == (json::object{{"dest", "/opt"}}));
    BOOST_TEST((parsed->installer.reboot == Reboot::always));
    BOOST_TEST(parsed->version_file == "/opt/app/VERSION:APP");
    BOOST_TEST(parsed->version_check);
    BOOST_TEST(parsed->block_size == 1048576U);
    BOOST_REQUIRE_EQUAL(parsed->files.size(), 1U);
    const auto& file = parsed->files[0];
    BOOST_TEST((file.encoding == Encoding::gzip));
    BOOST_TEST(file.size == 3000000U);
    BOOST_TEST(file.wire_size == 1500000U);
    BOOST_TEST(file.id == other_hex);
    BOOST_TEST(file.blocks.at(DigestKind::blake2b512) == other_hex);
    BOOST_TEST(file.list_name(DigestKind::sha256) == other_hex + ".sha256");
    BOOST_TEST(parsed->wire_size() == 1500000U);
    BOOST_TEST(to_json(*parsed) == good());
}

BOOST_AUTO_TEST_CASE(files_keep_their_order_whatever_a_json_tool_does_with_keys) {
    auto document = good();
    const auto first = file(document);
    json::object files;
    for (const auto* key : {"11", "02", "10", "00"}) {
        files[key] = first;
        files[key].as_object()["name"] = std::string("file ") + key;
    }
    body(document)["files"] = files;
    const auto parsed = parse_descriptor(json::serialize(document));
    BOOST_REQUIRE(parsed);
    BOOST_REQUIRE_EQUAL(parsed->files.size(), 4U);
    BOOST_TEST(parsed->files[0].name == "file 00");
    BOOST_TEST(parsed->files[1].name == "file 02");
    BOOST_TEST(parsed->files[3].name == "file 11");
    BOOST_TEST(parse_descriptor(json::serialize(to_json(*parsed))).value().files[2].name == "file 10");
}

BOOST_AUTO_TEST_CASE(what_contradicts_itself_or_a_bound_is_refused_by_name) {
    for (const auto& one : refused()) {
        BOOST_TEST_CONTEXT(one.what) {
            auto document = good();
            one.change(document);
            const auto parsed = parse_descriptor(json::serialize(document));
            BOOST_REQUIRE(!parsed);
            BOOST_TEST((parsed.error().code == one.code), parsed.error().message());
            BOOST_TEST(parsed.error().detail.find(one.named) != std::string::npos, parsed.error().detail);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_json_object_is_refused) {
    for (const auto* text : {"", "[]", "null", "{", "{} {}", "{\"two_path\":1,}", "\xff"}) {
        const auto parsed = parse_descriptor(text);
        BOOST_REQUIRE(!parsed);
        BOOST_TEST((parsed.error().code == Errc::bad_descriptor), text);
    }
    auto deep = good();
    json::value nested = 1;
    for (int i = 0; i < 20; ++i)
        nested = json::array{nested};
    installer(deep)["meta_data"] = json::object{{"x", nested}};
    BOOST_TEST(!parse_descriptor(json::serialize(deep)));
    auto large = good();
    installer(large)["meta_data"] = json::object{{"x", std::string(Descriptor::max_text, 'x')}};
    const auto parsed = parse_descriptor(json::serialize(large));
    BOOST_REQUIRE(!parsed);
    BOOST_TEST(parsed.error().detail.find("tar") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_a_later_release_may_add_is_ignored) {
    auto document = good();
    document["other"] = 1;
    body(document)["later"] = json::array{1, 2};
    installer(document)["later"] = true;
    file(document)["later"] = "x";
    wire(document).at("blocks").as_object()["blake3"] = some_hex;
    const auto parsed = parse_descriptor(json::serialize(document));
    BOOST_REQUIRE(parsed);
    BOOST_TEST(to_json(*parsed) == good());
}

BOOST_AUTO_TEST_CASE(what_json_tools_make_of_whole_numbers_is_understood) {
    auto text = json::serialize(good());
    const auto at = text.find("1048576");
    text.replace(at, 7, "1.048576e6");
    BOOST_TEST(parse_descriptor(text).value().block_size == 1048576U);
}

BOOST_AUTO_TEST_CASE(what_may_be_absent_has_its_default) {
    auto document = good();
    for (const auto* name : {"allow_from", "version_file"})
        body(document).erase(name);
    for (const auto* name : {"type_info", "meta_data", "reboot"})
        installer(document).erase(name);
    const auto parsed = parse_descriptor(json::serialize(document));
    BOOST_REQUIRE(parsed);
    BOOST_TEST(parsed->allow_from.empty());
    BOOST_TEST(parsed->version_file.empty());
    BOOST_TEST((parsed->installer.reboot == Reboot::as_installer));
    body(document)["version_check"] = false;
    BOOST_TEST(!parse_descriptor(json::serialize(document)).value().version_check);
}

BOOST_AUTO_TEST_CASE(an_empty_file_has_no_blocks) {
    auto document = good();
    file(document)["encoding"] = "none";
    file(document)["size"] = 0;
    wire(document) = {{"size", 0}, {"sha256", some_hex}};
    const auto parsed = parse_descriptor(json::serialize(document));
    BOOST_REQUIRE(parsed);
    BOOST_TEST(parsed->files[0].empty());
    BOOST_TEST(to_json(*parsed) == document);
}

BOOST_AUTO_TEST_CASE(names_have_1_to_255_bytes_without_control_characters) {
    BOOST_TEST(is_name("a"));
    BOOST_TEST(is_name(std::string(255, 'a')));
    BOOST_TEST(is_name("caf\xc3\xa9 2.0"));
    for (const auto& text : {std::string(), std::string(256, 'a'), std::string("a\nb"),
                             std::string("a\0b", 3), std::string("a\x7f")})
        BOOST_TEST(!is_name(text));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path
