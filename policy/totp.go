package policy

import (
	"crypto/subtle"
	"fmt"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"redsteward/internal/fault"
)

// The one-time codes of RFC 6238 as every authenticator app knows them; one step to either side is accepted for clocks that differ.
const (
	totpPeriod = 30
	totpSkew   = 1
	totpIssuer = "红色管家"
)

// newTOTP returns a fresh secret (base32) and the otpauth address for an authenticator app.
func newTOTP(login string) (secret, address string, err error) {
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: totpIssuer, AccountName: login, Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
	})
	if err != nil {
		return "", "", fault.Wrap("policy.newTOTP", fault.Internal, "", err)
	}
	return key.Secret(), key.URL(), nil
}

// totpStep returns the time step whose code this is, and whether there is one within the skew. The caller lets each step count once.
func totpStep(secret, code string, now time.Time) (int64, bool, error) {
	step := now.Unix() / totpPeriod
	for _, s := range []int64{step, step - totpSkew, step + totpSkew} {
		want, err := totp.GenerateCodeCustom(secret, time.Unix(s*totpPeriod, 0), totp.ValidateOpts{
			Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
		})
		if err != nil {
			return 0, false, fault.Wrap("policy.totpStep", fault.Internal, "", fmt.Errorf("stored secret: %w", err))
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return s, true, nil
		}
	}
	return 0, false, nil
}
