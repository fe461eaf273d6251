#include "update-module/module_files.hpp"

#include "update-module/bulk/decode.hpp"
#include "update-module/log.hpp"

#include <filesystem>
#include <set>

namespace two_path::device {
namespace {

constexpr std::chrono::seconds forget_after{7 * 24 * 3600}; ///< blocks of other releases

std::set<std::string> ids_of(const Descriptor& descriptor) {
    std::set<std::string> ids;
    for (const auto& file : descriptor.files)
        if (!file.empty()) ids.insert(file.id);
    return ids;
}

} // namespace

AttemptFiles::AttemptFiles(const Settings& settings, const Descriptor& descriptor)
  : settings_(settings)
  , descriptor_(descriptor)
  , store_(settings.state_dir + "/store") {}

Result<void> AttemptFiles::prepare(const BlockLists& lists, DigestKind kind, Deadline deadline) {
    store_.reclaim(ids_of(descriptor_), forget_after);
    const auto kept = keeps();
    if (!kept) return kept.error();
    auto files = verifiers(lists, kind);
    if (!files) return files.error();
    if (*kept) {
        if (auto opened = open_in_store(std::move(*files)); !opened) return opened;
    } else {
        pipe_.emplace();
        stream_.emplace(std::move(*files), *pipe_, deadline);
    }
    return search_seeds(deadline);
}

std::uint64_t AttemptFiles::missing_bytes() const noexcept {
    std::uint64_t missing = 0;
    for (const auto& payload : payloads())
        missing += payload->missing_bytes();
    return missing;
}

/// Whether there is room for all files, at the cost of what others left.
Result<bool> AttemptFiles::keeps() {
    if (settings_.store == Store::never) return false;
    const auto enough = store_.make_room(store_.missing(descriptor_.files), ids_of(descriptor_));
    if (enough) return true;
    if (settings_.store == Store::required || enough.error().code != Errc::no_room) return enough.error();
    say("the files go straight to the installer: " + enough.error().detail);
    return false;
}

Result<std::vector<bulk::BlockVerifier>> AttemptFiles::verifiers(const BlockLists& lists,
                                                                 DigestKind kind) const {
    std::vector<bulk::BlockVerifier> all;
    for (const auto& file : descriptor_.files) {
        if (file.empty()) continue;
        auto one = bulk::BlockVerifier::make(file, descriptor_.block_size, lists.at(file.list_name(kind)));
        if (!one) return one.error();
        all.push_back(std::move(*one));
    }
    return all;
}

Result<void> AttemptFiles::open_in_store(std::vector<bulk::BlockVerifier> verifiers) {
    std::set<std::string> opened;
    for (auto& verifier : verifiers) {
        if (!opened.insert(verifier.id()).second) continue;
        auto payload = store_.open(std::move(verifier));
        if (!payload) return payload.error();
        stored_.push_back(std::move(*payload));
    }
    return {};
}

/// What an earlier attempt kept serves those that pass through.
Result<void> AttemptFiles::search_seeds(Deadline deadline) {
    std::vector<std::string> paths;
    if (stream_)
        for (const auto& id : ids_of(descriptor_))
            if (std::filesystem::exists(store_.path_of(id))) paths.push_back(store_.path_of(id));
    paths.insert(paths.end(), settings_.seeds.begin(), settings_.seeds.end());
    seeds_.emplace(paths, say);
    return seeds_->search(payloads(), deadline);
}

bulk::Payloads AttemptFiles::payloads() const noexcept {
    return stream_ ? stream_->payloads() : bulk::Payloads(stored_);
}

std::vector<install::InnerFile> AttemptFiles::for_installer(Deadline deadline) {
    std::vector<install::InnerFile> files;
    for (const auto& file : descriptor_.files) {
        const bool plain = !pipe_ && !file.empty() && file.encoding == Encoding::none;
        files.push_back({file.name, file.size,
                         [this, &file, deadline] { return read_decoded(file, deadline); },
                         plain ? store_.path_of(file.id) : std::string()});
    }
    return files;
}

Result<install::ReadBytes> AttemptFiles::read_decoded(const DescriptorFile& file, Deadline deadline) {
    const auto from_pipe = [this, deadline](std::span<std::uint8_t> into) {
        return pipe_->read(into, deadline);
    };
    auto source = pipe_ ? bulk::FileSource::over(from_pipe, file)
                        : bulk::FileSource::open(store_.path_of(file.id), file);
    if (!source) return source.error();
    const auto shared = std::make_shared<bulk::FileSource>(std::move(*source));
    return install::ReadBytes([shared](std::span<std::uint8_t> buffer) { return shared->read(buffer); });
}

} // namespace two_path::device
