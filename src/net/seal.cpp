// See seal.hpp. scope: call.
#include "net/seal.hpp"

#include "net/random.hpp"

#include <memory>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdexcept>

namespace notion::net {

namespace {

// Bytes on disk: a change of layout is a new version, never a new meaning of this one.
constexpr unsigned char version = 1;
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t frame_bytes = 1 + nonce_bytes + tag_bytes;
// OpenSSL counts in int; a secret is a token, not a file.
constexpr std::size_t secret_bytes_max = 1 << 20;

struct FreeCipher {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

unsigned char* raw(char* bytes) {
    return reinterpret_cast<unsigned char*>(bytes);
}
const unsigned char* raw(const char* bytes) {
    return reinterpret_cast<const unsigned char*>(bytes);
}

Cipher make_cipher() {
    Cipher cipher(EVP_CIPHER_CTX_new());
    if (!cipher)
        throw std::bad_alloc();
    return cipher;
}

void must(int result) {
    if (result != 1)
        throw std::runtime_error("OpenSSL cannot seal with AES-256-GCM");
}

} // namespace

std::string seal(SealKey key, std::string_view secret, std::string_view bound_to) {
    if (secret.size() > secret_bytes_max || bound_to.size() > secret_bytes_max)
        throw std::runtime_error("a secret to be sealed is too long");
    std::string sealed(frame_bytes + secret.size(), '\0');
    unsigned char* nonce = raw(sealed.data()) + 1;
    unsigned char* text = nonce + nonce_bytes;
    sealed[0] = static_cast<char>(version);
    random_fill({nonce, nonce_bytes});

    Cipher cipher = make_cipher();
    EVP_CIPHER_CTX* context = cipher.get();
    int length = 0;
    must(EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nullptr, key.data(), nonce));
    must(EVP_EncryptUpdate(context, nullptr, &length, &version, 1));
    must(EVP_EncryptUpdate(context, nullptr, &length, raw(bound_to.data()),
                           static_cast<int>(bound_to.size())));
    must(EVP_EncryptUpdate(context, text, &length, raw(secret.data()),
                           static_cast<int>(secret.size())));
    unsigned char* tag = text + secret.size();
    must(EVP_EncryptFinal_ex(context, tag, &length)); // GCM has no last block
    must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, tag_bytes, tag));
    return sealed;
}

std::optional<std::string> unseal(SealKey key, std::string_view sealed, std::string_view bound_to) {
    if (sealed.size() < frame_bytes || sealed.size() > frame_bytes + secret_bytes_max ||
        bound_to.size() > secret_bytes_max || raw(sealed.data())[0] != version)
        return std::nullopt;
    const unsigned char* nonce = raw(sealed.data()) + 1;
    const unsigned char* text = nonce + nonce_bytes;
    std::size_t text_bytes = sealed.size() - frame_bytes;
    std::string tag(sealed.substr(sealed.size() - tag_bytes));
    std::string secret(text_bytes, '\0');

    Cipher cipher = make_cipher();
    EVP_CIPHER_CTX* context = cipher.get();
    int length = 0;
    must(EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nullptr, key.data(), nonce));
    must(EVP_DecryptUpdate(context, nullptr, &length, &version, 1));
    must(EVP_DecryptUpdate(context, nullptr, &length, raw(bound_to.data()),
                           static_cast<int>(bound_to.size())));
    must(EVP_DecryptUpdate(context, raw(secret.data()), &length, text,
                           static_cast<int>(text_bytes)));
    must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()));
    unsigned char nothing[tag_bytes];
    if (EVP_DecryptFinal_ex(context, nothing, &length) != 1) {
        wipe(secret); // unauthenticated bytes are nobody's business
        return std::nullopt;
    }
    return secret;
}

void wipe(std::string& secret) {
    OPENSSL_cleanse(secret.data(), secret.size());
    secret.clear();
}

} // namespace notion::net
