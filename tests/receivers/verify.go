package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// snippet
// isGenuine takes the header PhoneVoice-Signature and the bytes of the request before any parsing.
func isGenuine(secret, header string, rawBody []byte) bool {
	parts := strings.Split(header, ",")
	timestamp := strings.TrimPrefix(parts[0], "t=")
	signature := strings.TrimPrefix(parts[len(parts)-1], "v1=")
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(rawBody)
	expected := hex.EncodeToString(mac.Sum(nil))
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	age := time.Since(time.Unix(seconds, 0)).Abs()
	return err == nil && age < 5*time.Minute && hmac.Equal([]byte(signature), []byte(expected))
}

// end of snippet

func main() {
	http.HandleFunc("/", func(response http.ResponseWriter, request *http.Request) {
		rawBody, err := io.ReadAll(request.Body)
		if err != nil || !isGenuine(os.Getenv("WEBHOOK_SECRET"), request.Header.Get("PhoneVoice-Signature"), rawBody) {
			response.WriteHeader(http.StatusBadRequest)
			return
		}
		var event struct {
			Event string `json:"event"`
		}
		if json.Unmarshal(rawBody, &event) == nil {
			fmt.Println(event.Event)
		}
	})
	if err := http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
