#include "plugin/host/embedded/artifact_document.hpp"

#include "plugin/host/embedded/timestamp.hpp"

namespace two_path::host::embedded {
namespace {

json::array files_of(const catalog::Artifact& artifact) {
    json::array files;
    for (const auto& file : artifact.files)
        files.push_back(json::object{{"name", file.name},
                                     {"checksum", file.sha256},
                                     {"size", file.size},
                                     {"date", rfc3339(file.modified * 1000)}});
    return files;
}

/// mender-cli expects a list of pairs here.
json::array pairs_of(const json::object& meta_data) {
    json::array pairs;
    for (const auto& field : meta_data)
        pairs.push_back(json::object{{"Key", field.key()}, {"Value", field.value()}});
    return pairs;
}

} // namespace

json::object document_of(const catalog::Artifact& artifact, const Upload& upload, std::int64_t now) {
    const json::object update{{"type_info", json::object{{"type", artifact.payload_type}}},
                              {"files", files_of(artifact)},
                              {"metadata", artifact.meta_data},
                              {"meta_data", pairs_of(artifact.meta_data)}};
    json::object document{{"id", upload.id},
                          {"name", artifact.name},
                          {"description", upload.description},
                          {"device_types_compatible", array_of(artifact.device_types)},
                          {"info", json::object{{"format", "mender"}, {"version", 3}}},
                          {"signed", artifact.is_signed},
                          {"updates", json::array{update}},
                          {"artifact_provides", artifact.provides},
                          {"artifact_depends", artifact.depends},
                          {"size", artifact.size},
                          {"modified", rfc3339(now)}};
    if (artifact.has_clears) document["clears_artifact_provides"] = array_of(artifact.clears_provides);
    return document;
}

} // namespace two_path::host::embedded
