#include "artifact_parts.hpp"
#include "plugin/catalog/artifact_reader.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>

namespace two_path::tests {
BOOST_AUTO_TEST_SUITE(artifact_reader)

namespace {

/// Reads it whole; the error's detail, or nothing when it is accepted.
std::string refusal(const std::string& bytes) {
    const auto read = read_bytes(bytes);
    return read ? std::string() : std::string(info(read.error().code).reason) + ": " + read.error().detail;
}

std::string refusal_of_outer(const std::function<void(Members&)>& change) {
    auto members = ArtifactParts().outer();
    change(members);
    return refusal(tar_of(members));
}

std::string refusal_of_parts(const std::function<void(ArtifactParts&)>& change) {
    ArtifactParts parts;
    change(parts);
    return refusal(parts.bytes());
}

} // namespace

BOOST_AUTO_TEST_CASE(everything_that_an_artifact_says_is_known) {
    ArtifactParts parts;
    parts.signature = "c2ln";
    const auto bytes = parts.bytes();
    const auto artifact = read_bytes(bytes).value();
    BOOST_TEST(artifact.name == "r-1");
    BOOST_TEST(artifact.payload_type == "single-file");
    BOOST_TEST(artifact.device_types == std::vector<std::string>{"board"}, boost::test_tools::per_element());
    BOOST_TEST(artifact.provides.at("a.b.version").as_string() == "r-1");
    BOOST_TEST(artifact.provides.at("artifact_name").as_string() == "r-1");
    BOOST_TEST(artifact.depends.at("k").as_string() == "v");
    BOOST_TEST(artifact.depends.contains("device_type"));
    BOOST_TEST(artifact.has_clears);
    BOOST_TEST(artifact.clears_provides.at(0) == "a.b.*");
    BOOST_TEST(artifact.type_info.at("type").as_string() == "single-file");
    BOOST_TEST(artifact.meta_data.at("answer").as_int64() == 42);
    BOOST_REQUIRE(artifact.scripts.size() == 1U);
    BOOST_TEST(artifact.scripts[0].name == "ArtifactInstall_Enter_00");
    BOOST_TEST(artifact.scripts[0].content == "#!/bin/sh\n");
    BOOST_REQUIRE(artifact.files.size() == 2U);
    BOOST_TEST(artifact.files[1].name == "app");
    BOOST_TEST(artifact.files[1].size == 200'000U);
    BOOST_TEST(artifact.files[1].sha256 == sha256_hex(parts.data[1].second));
    BOOST_TEST(artifact.is_signed);
    BOOST_TEST(artifact.signature == "c2ln");
    BOOST_TEST(artifact.manifest.find("header.tar.gz") != std::string::npos);
    BOOST_TEST(artifact.size == bytes.size());
}

BOOST_AUTO_TEST_CASE(every_packing_is_read) {
    const std::pair<Encoding, std::string> packings[] = {{Encoding::none, ".tar"},
                                                         {Encoding::gzip, ".tar.gz"},
                                                         {Encoding::xz, ".tar.xz"},
                                                         {Encoding::zstd, ".tar.zst"}};
    for (const auto& [encoding, suffix] : packings) {
        ArtifactParts parts;
        parts.encoding = encoding;
        parts.suffix = suffix;
        BOOST_TEST(refusal(parts.bytes()) == "", suffix);
    }
    BOOST_TEST(refusal_of_parts([](auto& parts) {
                   parts.suffix = ".tar.xz";
               }).starts_with("bad_request: header.tar.xz"));
}

BOOST_AUTO_TEST_CASE(the_files_bytes_pass_in_order) {
    ArtifactParts parts;
    const auto source = source_of(parts.bytes(), 777);
    catalog::ArtifactReader reader(source);
    BOOST_REQUIRE(reader.open());
    Members seen;
    while (const auto file = reader.next_file().value()) {
        std::string content;
        std::array<std::uint8_t, 1000> buffer{};
        while (const auto got = reader.read(buffer).value())
            content.append(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got));
        BOOST_TEST(content.size() == file->size);
        seen.emplace_back(file->name, content);
    }
    BOOST_TEST((seen == parts.data));
}

BOOST_AUTO_TEST_CASE(a_file_that_no_one_reads_is_checked_all_the_same) {
    ArtifactParts parts;
    auto members = parts.outer();
    parts.data[1].second[199'999] = 'y';
    content_of(members, "data/0000.tar.gz") = tar_of(parts.data, parts.encoding);
    const auto source = source_of(tar_of(members));
    catalog::ArtifactReader reader(source);
    BOOST_REQUIRE(reader.open());
    BOOST_REQUIRE(reader.next_file());
    BOOST_REQUIRE(reader.next_file());
    const auto end = reader.next_file();
    BOOST_REQUIRE(!end);
    BOOST_TEST(end.error().detail.starts_with("data/0000/app: the checksum"));
}

BOOST_AUTO_TEST_CASE(damage_in_any_member_is_told_by_its_name) {
    BOOST_TEST(refusal_of_outer([](auto& members) {
                   content_of(members, "version") += ' ';
               }).starts_with("bad_request: version: the checksum"));
    BOOST_TEST(refusal_of_outer([](auto& members) {
                   content_of(members, "header.tar.gz")[40] ^= 1;
               }).starts_with("bad_request: header.tar.gz: the checksum"));
    BOOST_TEST(refusal_of_outer([](auto& members) { content_of(members, "manifest")[3] = 'X'; }) ==
               "bad_request: manifest: line 1 is not `<sha256>  <name>`");
    BOOST_TEST(refusal_of_outer([](auto& members) {
                   ArtifactParts other;
                   other.data[0].second = "/etc\n";
                   content_of(members, "data/0000.tar.gz") = tar_of(other.data, other.encoding);
               }).starts_with("bad_request: data/0000/dest_dir: the checksum"));
    BOOST_TEST(refusal_of_outer([](auto& members) {
                   content_of(members, "data/0000.tar.gz").resize(100);
               }).starts_with("bad_request: data/0000.tar.gz"));
}

BOOST_AUTO_TEST_CASE(what_the_manifest_lists_must_be_there_and_nothing_else) {
    BOOST_TEST(refusal_of_outer([](auto& members) {
                   content_of(members, "manifest") += std::string(64, 'a') + "  data/0000/more\n";
               }) == "bad_request: data/0000/more: listed in the manifest but missing");
    BOOST_TEST(refusal_of_outer([](auto& members) {
                   ArtifactParts other;
                   other.data.emplace_back("more", "x");
                   content_of(members, "data/0000.tar.gz") = tar_of(other.data, other.encoding);
               }) == "bad_request: data/0000/more: not listed in the manifest");
    BOOST_TEST(refusal_of_outer([](auto& members) {
                   ArtifactParts other;
                   other.data.push_back(other.data[0]);
                   content_of(members, "data/0000.tar.gz") = tar_of(other.data, other.encoding);
               }) == "bad_request: data/0000/dest_dir: comes twice");
    BOOST_TEST(refusal_of_outer([](auto& members) {
                   auto& manifest = content_of(members, "manifest");
                   manifest += manifest.substr(0, manifest.find('\n') + 1);
               }).ends_with("comes twice"));
}

BOOST_AUTO_TEST_CASE(the_order_of_members_is_enforced) {
    for (std::size_t first = 0; first < 3; ++first) {
        const auto told =
            refusal_of_outer([&](auto& members) { std::swap(members[first], members[first + 1]); });
        BOOST_TEST(told.starts_with("bad_request: "), "swapped " << first << ": " << told);
    }
    BOOST_TEST(refusal_of_outer([](auto& members) { members.resize(2); }) ==
               "bad_request: artifact: ends before header.tar");
    BOOST_TEST(refusal_of_outer([](auto& members) { members.pop_back(); }) ==
               "bad_request: artifact: ends before data/0000.tar");
    BOOST_TEST(refusal_of_outer([](auto& members) { members.emplace_back("extra", "x"); }) ==
               "bad_request: artifact: extra where the end must be");
}

BOOST_AUTO_TEST_CASE(the_order_within_the_header_is_enforced) {
    const auto swapped = [](std::size_t a, std::size_t b) {
        return refusal_of_parts([&](auto& parts) { std::swap(parts.header[a], parts.header[b]); });
    };
    BOOST_TEST(swapped(0, 1).ends_with("is out of order or comes twice"));
    BOOST_TEST(swapped(1, 2).ends_with("is out of order or comes twice"));
    BOOST_TEST(swapped(2, 3).ends_with("is out of order or comes twice"));
    BOOST_TEST(refusal_of_parts([](auto& parts) {
                   parts.header.push_back(parts.header[3]);
               }).ends_with("is out of order or comes twice"));
    BOOST_TEST(refusal_of_parts([](auto& parts) { parts.header.resize(2); }) ==
               "bad_request: header: headers/0000/type-info is missing");
    BOOST_TEST(refusal_of_parts([](auto& parts) { parts.header.emplace_back("other", "x"); }) ==
               "bad_request: header: other does not belong there");
}

BOOST_AUTO_TEST_CASE(what_this_release_does_not_serve_is_refused_by_name) {
    BOOST_TEST(refusal_of_parts([](auto& parts) { parts.version = R"({"format":"mender","version":2})"; }) ==
               "unsupported: Mender Artifact format 2");
    BOOST_TEST(refusal_of_parts([](auto& parts) {
                   auto& text = parts.header[0].second;
                   text.replace(text.find("[{"), 1, R"([{"type":"other"},)");
               }) == "unsupported: header-info: several payloads in one artifact");
    BOOST_TEST(refusal_of_outer([](auto& members) { members.emplace_back("data/0001.tar.gz", "x"); }) ==
               "unsupported: data/0001.tar.gz: several payloads in one artifact");
    BOOST_TEST(refusal_of_parts([](auto& parts) {
                   parts.header.emplace_back("headers/0001/type-info", "{}");
               }).starts_with("unsupported: header: headers/0001/type-info"));
    BOOST_TEST(refusal_of_outer([](auto& members) {
                   members.insert(members.begin() + 2, {"manifest-augment", "x"});
               }) == "unsupported: manifest-augment: augmented artifacts");
    BOOST_TEST(refusal_of_outer([](auto& members) {
                   members.insert(members.begin() + 3, {"header-augment.tar.gz", "x"});
               }) == "unsupported: header-augment.tar.gz: augmented artifacts");
}

BOOST_AUTO_TEST_CASE(json_in_the_header_is_checked) {
    const auto with = [](std::size_t index, const std::string& text) {
        return refusal_of_parts([&](auto& parts) { parts.header[index].second = text; });
    };
    BOOST_TEST(with(0, "{").starts_with("bad_request: header-info"));
    BOOST_TEST(with(0, "{}").starts_with("bad_request: header-info"));
    BOOST_TEST(with(0, R"({"payloads":[{"type":null}],"artifact_provides":{"artifact_name":"r"},)"
                       R"("artifact_depends":{"device_type":["b"]}})") ==
               "unsupported: header-info: an artifact without a payload");
    BOOST_TEST(with(0, R"({"payloads":[{"type":"t"}],"artifact_provides":{"artifact_name":"r\n"},)"
                       R"("artifact_depends":{"device_type":["b"]}})")
                   .starts_with("bad_request: header-info: artifact_provides"));
    BOOST_TEST(with(0, R"({"payloads":[{"type":"t"}],"artifact_provides":{"artifact_name":"r"},)"
                       R"("artifact_depends":{"device_type":[]}})")
                   .starts_with("bad_request: header-info: artifact_depends"));
    BOOST_TEST(with(2, R"({"type":"other"})") == "bad_request: type-info: `type` is not header-info's");
    BOOST_TEST(with(3, "[1]").starts_with("bad_request: meta-data"));
    BOOST_TEST(with(3, "") == "");
    // mender-artifact 3.9 writes this for a root file system.
    BOOST_TEST(with(2, R"({"type":""})") == "");
}

BOOST_AUTO_TEST_CASE(names_cannot_leave_their_place) {
    for (const auto* name : {"../up", "a/b", "."}) {
        const auto told = refusal_of_parts([&](auto& parts) { parts.data[0].first = name; });
        BOOST_TEST(told.ends_with("a file's name is not a plain file name"), name << ": " << told);
    }
    BOOST_TEST(refusal_of_parts([](auto& parts) {
                   parts.header[1].first = "scripts/../x";
               }).ends_with("a script's name is not a plain file name"));
}

BOOST_AUTO_TEST_CASE(only_regular_files_are_accepted) {
    auto bytes = ArtifactParts().bytes();
    // The first header block: a symbolic link in place of a file, checksum recomputed (POSIX ustar).
    bytes[156] = '2';
    unsigned sum = 0;
    for (std::size_t i = 0; i < 512; ++i)
        sum += i >= 148 && i < 156 ? unsigned{' '} : static_cast<unsigned char>(bytes[i]);
    std::snprintf(&bytes[148], 8, "%06o", sum);
    BOOST_TEST(refusal(bytes) == "bad_request: not a Mender Artifact");
}

BOOST_AUTO_TEST_CASE(large_members_are_refused_before_they_fill_the_memory) {
    BOOST_TEST(refusal_of_outer([](auto& members) {
                   content_of(members, "manifest").resize(2 << 20, 'x');
               }).starts_with("too_large: artifact: manifest"));
    // Zeros pack well: the bound holds for what comes out.
    BOOST_TEST(refusal_of_parts([](auto& parts) {
                   parts.header[1].second.assign(5 << 20, '\0');
               }).starts_with("too_large: header.tar.gz: scripts/"));
    BOOST_TEST(refusal_of_parts([](auto& parts) {
                   for (int i = 0; i < 1024; ++i)
                       parts.data.emplace_back("f" + std::to_string(i), "x");
               }) == "too_large: data/0000.tar.gz: more than 1024 files");
}

BOOST_AUTO_TEST_CASE(no_artifact_at_all) {
    for (const auto& bytes : {std::string(), std::string("hello"), std::string(100'000, '\0'),
                              tar_of({{"a", "b"}}), std::string(100'000, '\xff')})
        BOOST_TEST(refusal(bytes) == "bad_request: not a Mender Artifact");
}

BOOST_AUTO_TEST_CASE(an_artifact_that_ends_early_is_refused_wherever_it_ends) {
    ArtifactParts parts;
    parts.data[1].second.resize(3000);
    const auto bytes = parts.bytes();
    const auto whole = bytes.find_last_not_of('\0') + 1;
    for (std::size_t size = 0; size < whole; size += 97)
        BOOST_TEST(refusal(bytes.substr(0, size)) != "", "accepted at " << size << " of " << whole);
}

BOOST_AUTO_TEST_CASE(a_source_that_fails_is_heard) {
    const auto bytes = ArtifactParts().bytes();
    for (const std::size_t good : {std::size_t{0}, std::size_t{2048}, bytes.size() - 2048}) {
        std::size_t given = 0;
        const auto inner = source_of(bytes);
        const auto read = catalog::read_artifact([&](std::span<std::uint8_t> buffer) -> Result<std::size_t> {
            if (given >= good) return fail(Errc::unavailable, "gone");
            auto got = inner(buffer.first(std::min<std::size_t>(buffer.size(), 512)));
            given += *got;
            return got;
        });
        BOOST_REQUIRE(!read);
        BOOST_TEST((read.error() == fail(Errc::unavailable, "gone")), "after " << good);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
