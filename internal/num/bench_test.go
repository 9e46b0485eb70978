package num

import "testing"

// Operands as a scheme has them: points with two decimals, weights, ratios with odd denominators.
var (
	points = MustParse("86.57")
	weight = MustParse("0.15")
	ratio  = FromFrac(37, 41)
	sink   Num
)

func BenchmarkAddDecimals(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink = points.Add(weight)
	}
}

func BenchmarkAddFractions(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink = points.Add(ratio)
	}
}

func BenchmarkMul(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink = points.Mul(weight)
	}
}

func BenchmarkQuo(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink, _ = points.Quo(ratio)
	}
}

func BenchmarkCmp(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if points.Cmp(ratio) < 0 {
			b.Fatal("86.57 < 37/41")
		}
	}
}

func BenchmarkRound(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink = ratio.Round(2, HalfUp)
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink, _ = Parse("86.57")
	}
}

func BenchmarkString(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if points.String() != "86.57" {
			b.Fatal(points)
		}
	}
}

func BenchmarkPow(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink, _ = ratio.Pow(weight)
	}
}

// BenchmarkAddOverflow is the same sum where the small form no longer holds the result.
func BenchmarkAddOverflow(b *testing.B) {
	b.ReportAllocs()
	x, y := FromFrac(1, 4_000_000_007), FromFrac(1, 4_000_000_009)
	for b.Loop() {
		sink = x.Add(y)
	}
}
