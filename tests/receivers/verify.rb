require "json"
require "socket"
# snippet
require "openssl"

# `header` is PhoneVoice-Signature, `raw_body` the bytes of the request before any parsing.
def genuine?(secret, header, raw_body)
  timestamp = header.split(",").first.to_s.split("=").last.to_s
  signature = header.split(",").last.to_s.split("=").last.to_s
  expected = OpenSSL::HMAC.hexdigest("SHA256", secret, "#{timestamp}.".b + raw_body)
  signature.bytesize == expected.bytesize &&
    OpenSSL.fixed_length_secure_compare(signature, expected) &&
    (Time.now.to_i - timestamp.to_i).abs < 300
end
# end of snippet

$stdout.sync = true
server = TCPServer.new("127.0.0.1", Integer(ENV.fetch("PORT")))
loop do
  client = server.accept
  headers = {}
  client.gets
  while (line = client.gets) && line != "\r\n"
    name, value = line.chomp.split(": ", 2)
    headers[name.downcase] = value
  end
  raw_body = client.read(headers.fetch("content-length", "0").to_i) || ""
  is_genuine = genuine?(ENV.fetch("WEBHOOK_SECRET"), headers.fetch("phonevoice-signature", ""), raw_body)
  client.write("HTTP/1.1 #{is_genuine ? "200 OK" : "400 Bad Request"}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
  puts JSON.parse(raw_body.force_encoding("UTF-8"))["event"] if is_genuine
rescue SystemCallError, IOError
  # The sender went away.
ensure
  client&.close
end
