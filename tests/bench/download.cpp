// What a careful program does today: fetches a URL with libcurl, checks the SHA-256, writes the file.
//
//   download URL FILE SHA256 [CA_FILE]
//   download --version                      of libcurl
//
// Prints `cpu_seconds SECONDS` (user and system) of the transfer, from before its connection on.
#include <curl/curl.h>
#include <openssl/evp.h>

#include <cstdio>
#include <memory>
#include <string>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

struct Sink {
    int file;
    EVP_MD_CTX* digest;
};

std::size_t take(char* bytes, std::size_t one, std::size_t count, void* to) {
    const auto* sink = static_cast<Sink*>(to);
    const auto size = one * count;
    ::EVP_DigestUpdate(sink->digest, bytes, size);
    return ::write(sink->file, bytes, size) == static_cast<ssize_t>(size) ? size : 0;
}

std::string finish(EVP_MD_CTX* digest) {
    unsigned char value[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    ::EVP_DigestFinal_ex(digest, value, &size);
    std::string hex;
    for (unsigned i = 0; i < size; ++i) {
        char pair[3];
        std::snprintf(pair, sizeof pair, "%02x", value[i]);
        hex += pair;
    }
    return hex;
}

double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

} // namespace

int main(int argc, char** argv) {
    if (argc == 2 && argv[1] == std::string("--version")) return std::puts(::curl_version()) < 0;
    if (argc < 4 || argc > 5) return 2;
    const std::unique_ptr<EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)> digest(::EVP_MD_CTX_new(),
                                                                           &::EVP_MD_CTX_free);
    ::EVP_DigestInit_ex(digest.get(), ::EVP_sha256(), nullptr);
    Sink sink{::open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600), digest.get()};
    const std::unique_ptr<CURL, decltype(&::curl_easy_cleanup)> curl(::curl_easy_init(),
                                                                     &::curl_easy_cleanup);
    ::curl_easy_setopt(curl.get(), CURLOPT_URL, argv[1]);
    if (argc == 5) ::curl_easy_setopt(curl.get(), CURLOPT_CAINFO, argv[4]);
    ::curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
    ::curl_easy_setopt(curl.get(), CURLOPT_BUFFERSIZE, 512L * 1024);
    ::curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &take);
    ::curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &sink);
    const auto before = cpu_seconds();
    const auto code = ::curl_easy_perform(curl.get());
    if (code != CURLE_OK) {
        std::fprintf(stderr, "%s\n", ::curl_easy_strerror(code));
        return 1;
    }
    if (finish(digest.get()) != argv[3]) {
        std::fprintf(stderr, "what came is not what was to come\n");
        return 1;
    }
    std::printf("cpu_seconds %.6f\n", cpu_seconds() - before);
}
