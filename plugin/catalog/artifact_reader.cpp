#include "plugin/catalog/artifact_reader.hpp"

#include "plugin/catalog/artifact_header.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace two_path::catalog {
namespace {

constexpr std::size_t max_version = 1024;
constexpr std::size_t max_manifest = 1024 * 1024;
constexpr std::size_t max_signature = 16 * 1024;
constexpr std::size_t max_files = 1024;
constexpr std::size_t rest_piece = 64 * 1024;

} // namespace

ArtifactReader::ArtifactReader(const ByteSource& source)
  : source_([this, &source](std::span<std::uint8_t> buffer) -> Result<std::size_t> {
      auto got = source(buffer);
      if (got) artifact_.size += *got;
      return got;
  })
  , outer_(source_, Encoding::none, "artifact") {}

Result<void> ArtifactReader::open() {
    if (auto got = read_version(); !got) return got;
    if (auto got = read_manifest(); !got) return got;
    if (auto got = read_signature(); !got) return got;
    if (auto got = read_header_member(); !got) return got;
    return open_payload();
}

/// Moves on to the next member, which must be there.
Result<void> ArtifactReader::advance(std::string_view wanted) {
    auto next = outer_.next();
    if (!next) return next.error();
    if (!next->has_value()) return fail(Errc::bad_request, "artifact: ends before " + std::string(wanted));
    member_ = std::move(**next);
    return {};
}

Error ArtifactReader::unexpected(std::string_view wanted) const {
    if (member_.name == "manifest-augment" || member_.name.starts_with("header-augment."))
        return fail(Errc::unsupported, member_.name + ": augmented artifacts");
    return fail(Errc::bad_request,
                "artifact: " + member_.name + " where " + std::string(wanted) + " must be");
}

Result<void> ArtifactReader::read_version() {
    const auto moved = advance("version");
    if (!moved && moved.error().code != Errc::bad_request) return moved;
    if (!moved || member_.name != "version") return fail(Errc::bad_request, "not a Mender Artifact");
    auto text = outer_.read_all(max_version);
    if (!text) return text.error();
    const auto object = parse_object(*text, "version");
    if (!object) return object.error();
    Fields fields(*object, "version");
    const auto format = fields.text("format");
    const auto number = fields.number("version");
    if (!fields.ok()) return fields.error();
    if (format != "mender") return fail(Errc::bad_request, "version: not a Mender Artifact");
    if (number != 3) return fail(Errc::unsupported, "Mender Artifact format " + std::to_string(number));
    version_sha256_ = sha256_hex(*text);
    return {};
}

Result<void> ArtifactReader::read_manifest() {
    if (auto moved = advance("manifest"); !moved) return moved;
    if (member_.name != "manifest") return unexpected("manifest");
    auto text = outer_.read_all(max_manifest);
    if (!text) return text.error();
    auto manifest = Manifest::parse(*text);
    if (!manifest) return manifest.error();
    manifest_ = std::move(*manifest);
    artifact_.manifest = std::move(*text);
    return manifest_.check("version", version_sha256_);
}

Result<void> ArtifactReader::read_signature() {
    if (auto moved = advance("header.tar"); !moved) return moved;
    if (member_.name != "manifest.sig") return {};
    auto text = outer_.read_all(max_signature);
    if (!text) return text.error();
    if (text->empty()) return fail(Errc::bad_request, "manifest.sig: empty");
    artifact_.is_signed = true;
    artifact_.signature = std::move(*text);
    return advance("header.tar");
}

Result<void> ArtifactReader::read_header_member() {
    if (!tar_encoding(member_.name, "header")) return unexpected("header.tar");
    const auto bytes = outer_.read_all(max_header);
    if (!bytes) return bytes.error();
    if (auto checked = manifest_.check(member_.name, sha256_hex(*bytes)); !checked) return checked;
    return read_header(member_.name, *bytes, artifact_);
}

Result<void> ArtifactReader::open_payload() {
    if (auto moved = advance("data/0000.tar"); !moved) return moved;
    const auto encoding = tar_encoding(member_.name, "data/0000");
    if (!encoding) return unexpected("data/0000.tar");
    payload_ = std::make_unique<TarReader>(
        [this](std::span<std::uint8_t> buffer) { return outer_.read(buffer); }, *encoding, member_.name);
    return {};
}

Result<std::optional<ArtifactFile>> ArtifactReader::next_file() {
    if (auto ended = end_file(); !ended) return ended.error();
    auto next = payload_->next();
    if (!next) return next.error();
    if (!next->has_value()) {
        if (auto ended = end_artifact(); !ended) return ended.error();
        return std::optional<ArtifactFile>{};
    }
    const auto& member = **next;
    if (!is_name(member.name) || member.name.find('/') != std::string::npos || member.name == "." ||
        member.name == "..")
        return fail(Errc::bad_request,
                    member_.name + ": " + member.name + ": a file's name is not a plain file name");
    if (artifact_.files.size() == max_files)
        return fail(Errc::too_large, member_.name + ": more than " + std::to_string(max_files) + " files");
    file_ = ArtifactFile{member.name, member.size, {}, member.modified};
    read_ = 0;
    return file_;
}

Result<std::size_t> ArtifactReader::read(std::span<std::uint8_t> buffer) {
    const auto got = payload_->read(buffer);
    if (!got) return got;
    digest_.update(buffer.first(*got));
    read_ += *got;
    return got;
}

Result<void> ArtifactReader::end_file() {
    if (!file_) return {};
    std::vector<std::uint8_t> rest(rest_piece);
    while (true) {
        const auto got = read(rest);
        if (!got) return got.error();
        if (*got == 0) break;
    }
    const auto name = "data/0000/" + file_->name;
    if (read_ != file_->size)
        return fail(Errc::bad_request, name + ": has " + std::to_string(read_) + " bytes, announced " +
                                           std::to_string(file_->size));
    file_->sha256 = digest_.finish().hex();
    if (auto checked = manifest_.check(name, file_->sha256); !checked) return checked;
    artifact_.files.push_back(*std::exchange(file_, std::nullopt));
    return {};
}

Result<void> ArtifactReader::end_artifact() {
    auto next = outer_.next();
    if (!next) return next.error();
    if (next->has_value()) {
        member_ = std::move(**next);
        if (member_.name.starts_with("data/"))
            return fail(Errc::unsupported, member_.name + ": several payloads in one artifact");
        return unexpected("the end");
    }
    if (auto complete = manifest_.complete(); !complete) return complete;
    // What pads the tar still belongs to the artifact's size.
    std::vector<std::uint8_t> rest(rest_piece);
    while (true) {
        const auto got = source_(rest);
        if (!got) return got.error();
        if (*got == 0) return {};
    }
}

Result<Artifact> read_artifact(const ByteSource& source) {
    ArtifactReader reader(source);
    if (auto opened = reader.open(); !opened) return opened.error();
    while (true) {
        const auto file = reader.next_file();
        if (!file) return file.error();
        if (!file->has_value()) return reader.artifact();
    }
}

ByteSource file_source(int descriptor) {
    return [descriptor](std::span<std::uint8_t> buffer) -> Result<std::size_t> {
        while (true) {
            const auto got = ::read(descriptor, buffer.data(), buffer.size());
            if (got >= 0) return static_cast<std::size_t>(got);
            if (errno != EINTR)
                return fail(Errc::io_error, std::string("cannot read the file: ") + std::strerror(errno));
        }
    };
}

} // namespace two_path::catalog
