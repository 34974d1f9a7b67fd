<?php
// Started as: php -S 127.0.0.1:$PORT verify.php
// snippet
/** `$header` is PhoneVoice-Signature, `$rawBody` the bytes of the request before any parsing. */
function isGenuine(string $secret, string $header, string $rawBody): bool
{
    $parts = preg_split('/[,=]/', $header);
    $timestamp = $parts[1] ?? '';
    $signature = end($parts);
    $expected = hash_hmac('sha256', $timestamp . '.' . $rawBody, $secret);
    return hash_equals($expected, $signature) && abs(time() - (int) $timestamp) < 300;
}
// end of snippet

$rawBody = file_get_contents('php://input');
if (!isGenuine(getenv('WEBHOOK_SECRET'), $_SERVER['HTTP_PHONEVOICE_SIGNATURE'] ?? '', $rawBody)) {
    http_response_code(400);
    return;
}
file_put_contents('php://stdout', json_decode($rawBody, true)['event'] . "\n");
