;; Work on the memory that packets and guests lie in. One's complement sums: words are added as little-endian 16-bit
;; numbers; the caller swaps the folded result. Vectors take each word for 2^15 less, as the processor multiplies and adds signed ones at
;; once: that is 2^14 a byte to be added in the end. In 512 KiB there are 2^16 words a lane, which cannot overflow one.
(module
  (import "arena" "memory" (memory 1))

  ;; What is left behind vectors of $summed bytes: bytes below 16 at $at, and the lanes of $lanes, as one number below 2^36.
  (func $finish (param $lanes v128) (param $summed i32) (param $at i32) (param $end i32) (result i64)
    (local $sum i64)
    (local.set $sum
      (i64.add
        (i64.shl (i64.extend_i32_u (local.get $summed)) (i64.const 14))
        (i64.add
          (i64.add
            (i64.extend_i32_s (i32x4.extract_lane 0 (local.get $lanes)))
            (i64.extend_i32_s (i32x4.extract_lane 1 (local.get $lanes))))
          (i64.add
            (i64.extend_i32_s (i32x4.extract_lane 2 (local.get $lanes)))
            (i64.extend_i32_s (i32x4.extract_lane 3 (local.get $lanes)))))))
    (block $words_done
      (loop $words
        (br_if $words_done (i32.gt_u (i32.add (local.get $at) (i32.const 2)) (local.get $end)))
        (local.set $sum (i64.add (local.get $sum) (i64.load16_u (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 2)))
        (br $words)))
    (if (i32.lt_u (local.get $at) (local.get $end))
      (then (local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $at))))))
    (local.get $sum))

  ;; Folds to 16 bits.
  (func $fold (param $sum i64) (result i32)
    (local.set $sum (i64.add (i64.and (local.get $sum) (i64.const 0xffffffff)) (i64.shr_u (local.get $sum) (i64.const 32))))
    (local.set $sum (i64.add (i64.and (local.get $sum) (i64.const 0xffff)) (i64.shr_u (local.get $sum) (i64.const 16))))
    (local.set $sum (i64.add (i64.and (local.get $sum) (i64.const 0xffff)) (i64.shr_u (local.get $sum) (i64.const 16))))
    (local.set $sum (i64.add (i64.and (local.get $sum) (i64.const 0xffff)) (i64.shr_u (local.get $sum) (i64.const 16))))
    (i32.wrap_i64 (local.get $sum)))

  ;; Sum of $length bytes at $at.
  (func $sum (export "sum") (param $at i32) (param $length i32) (result i32)
    (local $start i32) (local $end i32) (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $bias v128) (local $ones v128)
    (local.set $start (local.get $at))
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (local.set $bias (v128.const i32x4 0x80008000 0x80008000 0x80008000 0x80008000))
    (local.set $ones (v128.const i32x4 0x00010001 0x00010001 0x00010001 0x00010001))
    (block $fours_done
      (loop $fours
        (br_if $fours_done (i32.gt_u (i32.add (local.get $at) (i32.const 64)) (local.get $end)))
        (local.set $a (i32x4.add (local.get $a) (i32x4.dot_i16x8_s (v128.xor (v128.load (local.get $at)) (local.get $bias)) (local.get $ones))))
        (local.set $b (i32x4.add (local.get $b) (i32x4.dot_i16x8_s (v128.xor (v128.load offset=16 (local.get $at)) (local.get $bias)) (local.get $ones))))
        (local.set $c (i32x4.add (local.get $c) (i32x4.dot_i16x8_s (v128.xor (v128.load offset=32 (local.get $at)) (local.get $bias)) (local.get $ones))))
        (local.set $d (i32x4.add (local.get $d) (i32x4.dot_i16x8_s (v128.xor (v128.load offset=48 (local.get $at)) (local.get $bias)) (local.get $ones))))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br $fours)))
    (block $ones_done
      (loop $singles
        (br_if $ones_done (i32.gt_u (i32.add (local.get $at) (i32.const 16)) (local.get $end)))
        (local.set $a (i32x4.add (local.get $a) (i32x4.dot_i16x8_s (v128.xor (v128.load (local.get $at)) (local.get $bias)) (local.get $ones))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $singles)))
    (call $fold
      (call $finish
        (i32x4.add
          (i32x4.add (local.get $a) (local.get $b))
          (i32x4.add (local.get $c) (local.get $d)))
        (i32.sub (local.get $at) (local.get $start))
        (local.get $at)
        (local.get $end))))

  ;; The same while copying the bytes to $to; the two runs must not overlap.
  (func $copy_and_sum (export "copyAndSum") (param $to i32) (param $at i32) (param $length i32) (result i32)
    (local $start i32) (local $end i32) (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $bias v128) (local $ones v128)
    (local $w v128) (local $x v128) (local $y v128) (local $z v128) (local $from i32)
    (local.set $start (local.get $at))
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (local.set $bias (v128.const i32x4 0x80008000 0x80008000 0x80008000 0x80008000))
    (local.set $ones (v128.const i32x4 0x00010001 0x00010001 0x00010001 0x00010001))
    (block $fours_done
      (loop $fours
        (br_if $fours_done (i32.gt_u (i32.add (local.get $at) (i32.const 64)) (local.get $end)))
        (local.set $w (v128.load (local.get $at)))
        (local.set $x (v128.load offset=16 (local.get $at)))
        (local.set $y (v128.load offset=32 (local.get $at)))
        (local.set $z (v128.load offset=48 (local.get $at)))
        (v128.store (local.get $to) (local.get $w))
        (v128.store offset=16 (local.get $to) (local.get $x))
        (v128.store offset=32 (local.get $to) (local.get $y))
        (v128.store offset=48 (local.get $to) (local.get $z))
        (local.set $a (i32x4.add (local.get $a) (i32x4.dot_i16x8_s (v128.xor (local.get $w) (local.get $bias)) (local.get $ones))))
        (local.set $b (i32x4.add (local.get $b) (i32x4.dot_i16x8_s (v128.xor (local.get $x) (local.get $bias)) (local.get $ones))))
        (local.set $c (i32x4.add (local.get $c) (i32x4.dot_i16x8_s (v128.xor (local.get $y) (local.get $bias)) (local.get $ones))))
        (local.set $d (i32x4.add (local.get $d) (i32x4.dot_i16x8_s (v128.xor (local.get $z) (local.get $bias)) (local.get $ones))))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (local.set $to (i32.add (local.get $to) (i32.const 64)))
        (br $fours)))
    (block $ones_done
      (loop $singles
        (br_if $ones_done (i32.gt_u (i32.add (local.get $at) (i32.const 16)) (local.get $end)))
        (local.set $w (v128.load (local.get $at)))
        (v128.store (local.get $to) (local.get $w))
        (local.set $a (i32x4.add (local.get $a) (i32x4.dot_i16x8_s (v128.xor (local.get $w) (local.get $bias)) (local.get $ones))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (br $singles)))
    (local.set $from (local.get $at))
    (block $bytes_done
      (loop $bytes
        (br_if $bytes_done (i32.ge_u (local.get $from) (local.get $end)))
        (i32.store8 (local.get $to) (i32.load8_u (local.get $from)))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (br $bytes)))
    (call $fold
      (call $finish
        (i32x4.add
          (i32x4.add (local.get $a) (local.get $b))
          (i32x4.add (local.get $c) (local.get $d)))
        (i32.sub (local.get $at) (local.get $start))
        (local.get $at)
        (local.get $end))))

  ;; Copies $length bytes. Short runs go by vectors, the last of which may overlap the one before.
  (func $copy (export "copy") (param $to i32) (param $from i32) (param $length i32)
    (local $last i32)
    (if (i32.or (i32.lt_u (local.get $length) (i32.const 16)) (i32.gt_u (local.get $length) (i32.const 256)))
      (then
        (memory.copy (local.get $to) (local.get $from) (local.get $length))
        (return)))
    (local.set $last (i32.sub (i32.add (local.get $from) (local.get $length)) (i32.const 16)))
    (block $done
      (loop $vectors
        (br_if $done (i32.ge_u (local.get $from) (local.get $last)))
        (v128.store (local.get $to) (v128.load (local.get $from)))
        (local.set $from (i32.add (local.get $from) (i32.const 16)))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (br $vectors)))
    (v128.store
      (i32.sub (local.get $to) (i32.sub (local.get $from) (local.get $last)))
      (v128.load (local.get $last))))

  ;; Stores four dwords, the upper two of which are seen together.
  (func $store (export "store") (param $at i32) (param $a i32) (param $b i32) (param $c i32) (param $d i32)
    (i64.store (local.get $at)
      (i64.or (i64.extend_i32_u (local.get $a)) (i64.shl (i64.extend_i32_u (local.get $b)) (i64.const 32))))
    (i64.store offset=8 (local.get $at)
      (i64.or (i64.extend_i32_u (local.get $c)) (i64.shl (i64.extend_i32_u (local.get $d)) (i64.const 32)))))

  ;; The first twelve bytes of a frame.
  (func $copy_addresses (param $to i32) (param $from i32)
    (i64.store (local.get $to) (i64.load (local.get $from)))
    (i32.store offset=8 (local.get $to) (i32.load offset=8 (local.get $from))))

  ;; Copies a frame and then stores the four dwords of its descriptor. Where the frame is to lose its tag, $headers and $body are four
  ;; bytes in, and $addresses is its beginning. Of a frame in two places the first 128 bytes are taken from $headers.
  (func $deliver (export "deliver") (param $to i32) (param $addresses i32) (param $headers i32) (param $body i32) (param $length i32)
    (param $descriptor i32) (param $a i32) (param $b i32) (param $c i32) (param $d i32)
    (if (i32.eq (local.get $headers) (local.get $body))
      (then (call $copy (local.get $to) (local.get $body) (local.get $length)))
      (else
        (call $copy (local.get $to) (local.get $headers) (i32.const 128))
        (memory.copy
          (i32.add (local.get $to) (i32.const 128))
          (i32.add (local.get $body) (i32.const 128))
          (i32.sub (local.get $length) (i32.const 128)))))
    (call $copy_addresses (local.get $to) (local.get $addresses))
    (call $store (local.get $descriptor) (local.get $a) (local.get $b) (local.get $c) (local.get $d)))

  ;; A word whose bytes are the other way round.
  (func $swap (param $word i32) (result i32)
    (i32.or
      (i32.shl (i32.and (local.get $word) (i32.const 0xff)) (i32.const 8))
      (i32.and (i32.shr_u (local.get $word) (i32.const 8)) (i32.const 0xff))))

  ;; Sums of the addresses of the IP packet in an untagged frame.
  (func $addresses4 (param $at i32) (result i64)
    (i64.add (i64.load32_u offset=26 (local.get $at)) (i64.load32_u offset=30 (local.get $at))))
  (func $addresses6 (param $at i32) (result i64)
    (i64.add
      (i64.add
        (i64.add
          (i64.load32_u offset=22 (local.get $at))
          (i64.load32_u offset=26 (local.get $at)))
        (i64.add
          (i64.load32_u offset=30 (local.get $at))
          (i64.load32_u offset=34 (local.get $at))))
      (i64.add
        (i64.add
          (i64.load32_u offset=38 (local.get $at))
          (i64.load32_u offset=42 (local.get $at)))
        (i64.add
          (i64.load32_u offset=46 (local.get $at))
          (i64.load32_u offset=50 (local.get $at))))))

  ;; What an untagged frame of at least 60 bytes holds: 0 where it is not whole TCP or UDP behind an IPv4 header without options
  ;; or an IPv6 header without extensions; otherwise 1, and 2 for IPv6, 4 for UDP, 8 where the IPv4 checksum is wrong, 16 where
  ;; the transport checksum is, 32 where a UDP datagram has none. $verify 0 takes the transport checksum for right.
  (func $inspect (export "inspect") (param $at i32) (param $length i32) (param $verify i32) (result i32)
    (local $found i32) (local $l4 i32) (local $room i32) (local $protocol i32) (local $total i32) (local $sum i64)
    (local $end i32)
    (local.set $found (i32.const 1))
    (if (i32.eq (i32.load16_u offset=12 (local.get $at)) (i32.const 0x0008))
      (then
        ;; Version 4, five dwords, no fragment.
        (if (i32.ne (i32.load8_u offset=14 (local.get $at)) (i32.const 0x45)) (then (return (i32.const 0))))
        (if (i32.and (i32.load16_u offset=20 (local.get $at)) (i32.const 0xff3f)) (then (return (i32.const 0))))
        (local.set $total (call $swap (i32.load16_u offset=16 (local.get $at))))
        (if (i32.gt_u (i32.add (local.get $total) (i32.const 14)) (local.get $length)) (then (return (i32.const 0))))
        (if (i32.lt_u (local.get $total) (i32.const 20)) (then (return (i32.const 0))))
        (local.set $protocol (i32.load8_u offset=23 (local.get $at)))
        (local.set $l4 (i32.add (local.get $at) (i32.const 34)))
        (local.set $room (i32.sub (local.get $total) (i32.const 20)))
        (if (i32.ne
              (call $fold
                (i64.add
                  (i64.add
                    (i64.add
                      (i64.load32_u offset=14 (local.get $at))
                      (i64.load32_u offset=18 (local.get $at)))
                    (i64.load32_u offset=22 (local.get $at)))
                  (i64.add
                    (i64.load32_u offset=26 (local.get $at))
                    (i64.load32_u offset=30 (local.get $at)))))
              (i32.const 0xffff))
          (then (local.set $found (i32.const 9))))
        (local.set $sum
          (call $addresses4 (local.get $at))))
      (else
        (if (i32.ne (i32.load16_u offset=12 (local.get $at)) (i32.const 0xdd86)) (then (return (i32.const 0))))
        (if (i32.ne (i32.and (i32.load8_u offset=14 (local.get $at)) (i32.const 0xf0)) (i32.const 0x60))
          (then (return (i32.const 0))))
        (local.set $room (call $swap (i32.load16_u offset=18 (local.get $at))))
        (if (i32.gt_u (i32.add (local.get $room) (i32.const 54)) (local.get $length)) (then (return (i32.const 0))))
        (local.set $protocol (i32.load8_u offset=20 (local.get $at)))
        (local.set $l4 (i32.add (local.get $at) (i32.const 54)))
        (local.set $found (i32.const 3))
        (local.set $sum
          (call $addresses6 (local.get $at)))))
    (if (i32.eq (local.get $protocol) (i32.const 6))
      (then
        (if (i32.lt_u (local.get $room) (i32.const 20)) (then (return (i32.const 0))))
        ;; Bytes of the header, four times the upper half of this one.
        (local.set $total
          (i32.shl (i32.shr_u (i32.load8_u offset=12 (local.get $l4)) (i32.const 4)) (i32.const 2)))
        (if (i32.lt_u (local.get $total) (i32.const 20)) (then (return (i32.const 0))))
        (if (i32.gt_u (local.get $total) (local.get $room)) (then (return (i32.const 0)))))
      (else
        (if (i32.ne (local.get $protocol) (i32.const 17)) (then (return (i32.const 0))))
        (if (i32.lt_u (local.get $room) (i32.const 8)) (then (return (i32.const 0))))
        (local.set $found (i32.or (local.get $found) (i32.const 4)))
        (if (i32.eqz (i32.load16_u offset=6 (local.get $l4)))
          (then (return (i32.or (local.get $found) (i32.const 32)))))
        (local.set $total (call $swap (i32.load16_u offset=4 (local.get $l4))))
        (if (i32.lt_u (local.get $total) (i32.const 8)) (then (return (i32.const 0))))
        (if (i32.gt_u (local.get $total) (local.get $room)) (then (return (i32.const 0))))
        (local.set $room (local.get $total))))
    (if (i32.eqz (local.get $verify)) (then (return (local.get $found))))
    (local.set $sum
      (i64.add
        (local.get $sum)
        (i64.extend_i32_u
          (i32.add
            (i32.shl (local.get $protocol) (i32.const 8))
            (call $swap (local.get $room))))))
    (if (i32.gt_u (local.get $room) (i32.const 64))
      (then
        (local.set $sum
          (i64.add (local.get $sum) (i64.extend_i32_u (call $sum (local.get $l4) (local.get $room))))))
      (else
        ;; Too little for vectors.
        (local.set $end (i32.add (local.get $l4) (local.get $room)))
        (block $dwords_done
          (loop $dwords
            (br_if $dwords_done (i32.gt_u (i32.add (local.get $l4) (i32.const 4)) (local.get $end)))
            (local.set $sum (i64.add (local.get $sum) (i64.load32_u (local.get $l4))))
            (local.set $l4 (i32.add (local.get $l4) (i32.const 4)))
            (br $dwords)))
        (if (i32.and (local.get $room) (i32.const 2))
          (then
            (local.set $sum (i64.add (local.get $sum) (i64.load16_u (local.get $l4))))
            (local.set $l4 (i32.add (local.get $l4) (i32.const 2)))))
        (if (i32.and (local.get $room) (i32.const 1))
          (then (local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $l4))))))))
    (if (i32.ne (call $fold (local.get $sum)) (i32.const 0xffff))
      (then (local.set $found (i32.or (local.get $found) (i32.const 16)))))
    (local.get $found))

  ;; Of an untagged frame in which `inspect` found what is $found: where its transport header begins and how long the transport packet
  ;; is, by the IP header or, where $by_udp is, by that of UDP, and the sum of the pseudo-header.
  (func $transport (param $at i32) (param $found i32) (param $by_udp i32) (result i32 i32 i64)
    (local $l4 i32) (local $room i32) (local $protocol i32) (local $sum i64)
    (if (i32.and (local.get $found) (i32.const 2))
      (then
        (local.set $l4 (i32.const 54))
        (local.set $protocol (i32.load8_u offset=20 (local.get $at)))
        (local.set $room (call $swap (i32.load16_u offset=18 (local.get $at))))
        (local.set $sum (call $addresses6 (local.get $at))))
      (else
        (local.set $l4 (i32.const 34))
        (local.set $protocol (i32.load8_u offset=23 (local.get $at)))
        (local.set $room (i32.sub (call $swap (i32.load16_u offset=16 (local.get $at))) (i32.const 20)))
        (local.set $sum (call $addresses4 (local.get $at)))))
    (if (i32.and (i32.shr_u (local.get $found) (i32.const 2)) (local.get $by_udp))
      (then (local.set $room (call $swap (i32.load16_u offset=4 (i32.add (local.get $at) (local.get $l4)))))))
    (local.get $l4)
    (local.get $room)
    (i64.add
      (local.get $sum)
      (i64.extend_i32_u (i32.add (i32.shl (local.get $protocol) (i32.const 8)) (call $swap (local.get $room))))))

  ;; Copies a frame of more than 256 bytes in two places, as `deliver` does, and adds to $sum the sum of the bytes from $l4 up to $end
  ;; in it, an end behind $l4.
  (func $copy_and_sum_apart (param $to i32) (param $addresses i32) (param $headers i32) (param $body i32) (param $length i32)
    (param $l4 i32) (param $end i32) (param $sum i64) (result i64)
    (call $copy (local.get $to) (local.get $headers) (i32.const 128))
    (call $copy_addresses (local.get $to) (local.get $addresses))
    (if (i32.le_u (local.get $end) (i32.const 128))
      (then
        (local.set $sum
          (i64.add
            (local.get $sum)
            (i64.extend_i32_u
              (call $sum
                (i32.add (local.get $headers) (local.get $l4))
                (i32.sub (local.get $end) (local.get $l4))))))
        (local.set $end (i32.const 128)))
      (else
        (local.set $sum
          (i64.add
            (i64.add
              (local.get $sum)
              (i64.extend_i32_u
                (call $sum
                  (i32.add (local.get $headers) (local.get $l4))
                  (i32.sub (i32.const 128) (local.get $l4)))))
            (i64.extend_i32_u
              (call $copy_and_sum
                (i32.add (local.get $to) (i32.const 128))
                (i32.add (local.get $body) (i32.const 128))
                (i32.sub (local.get $end) (i32.const 128))))))))
    (if (i32.lt_u (local.get $end) (local.get $length))
      (then
        (memory.copy
          (i32.add (local.get $to) (local.get $end))
          (i32.add (local.get $body) (local.get $end))
          (i32.sub (local.get $length) (local.get $end)))))
    (local.get $sum))

  ;; What `deliver` does with a frame of more than 256 bytes in which `inspect` found a transport checksum, which is verified on the
  ;; way: where it is wrong, the bits of $bad are added to $c. Returns $c as it was stored. The first 128 bytes are taken from
  ;; $headers, what is behind them from the frame at $body, which somebody else may be writing to.
  (func $deliver_verified (export "deliverVerified") (param $to i32) (param $addresses i32) (param $headers i32) (param $body i32)
    (param $length i32) (param $found i32) (param $descriptor i32) (param $a i32) (param $b i32) (param $c i32) (param $d i32) (param $bad i32)
    (result i32)
    (local $l4 i32) (local $room i32) (local $sum i64)
    (call $transport (local.get $headers) (local.get $found) (i32.const 1))
    (local.set $sum)
    (local.set $room)
    (local.set $l4)
    (local.set $sum
      (call $copy_and_sum_apart (local.get $to) (local.get $addresses) (local.get $headers) (local.get $body) (local.get $length)
        (local.get $l4) (i32.add (local.get $l4) (local.get $room)) (local.get $sum)))
    (if (i32.ne (call $fold (local.get $sum)) (i32.const 0xffff))
      (then (local.set $c (i32.or (local.get $c) (local.get $bad)))))
    (call $store (local.get $descriptor) (local.get $a) (local.get $b) (local.get $c) (local.get $d))
    (local.get $c))

  ;; Makes the checksum of the IPv4 header in an untagged frame, if it is one.
  (func $complete_ipv4 (param $at i32)
    (if (i32.eq (i32.load8_u offset=14 (local.get $at)) (i32.const 0x45))
      (then
        (i32.store16 offset=24 (local.get $at)
          (i32.xor
            (call $fold
              (i64.add
                (i64.add
                  (i64.add
                    (i64.load32_u offset=14 (local.get $at))
                    (i64.load32_u offset=18 (local.get $at)))
                  (i64.load16_u offset=22 (local.get $at)))
                (call $addresses4 (local.get $at))))
            (i32.const 0xffff))))))

  ;; What `deliver` does with an untagged frame in which `inspect` found what is $found, and whose transport checksum is made on the
  ;; way. Where $headers is not $body it is longer than 256 bytes.
  (func $deliver_completed (param $to i32) (param $headers i32) (param $body i32) (param $length i32) (param $found i32)
    (param $descriptor i32) (param $a i32) (param $b i32) (param $c i32) (param $d i32)
    (local $l4 i32) (local $room i32) (local $sum i64) (local $field i32) (local $checksum i32)
    (call $transport (local.get $headers) (local.get $found) (i32.const 0))
    (local.set $sum)
    (local.set $room)
    (local.set $l4)
    (if (i32.eq (local.get $headers) (local.get $body))
      (then
        (local.set $sum
          (i64.add
            (local.get $sum)
            (i64.extend_i32_u (call $sum (i32.add (local.get $headers) (local.get $l4)) (local.get $room)))))
        (call $copy (local.get $to) (local.get $headers) (local.get $length)))
      (else
        (local.set $sum
          (call $copy_and_sum_apart (local.get $to) (local.get $headers) (local.get $headers) (local.get $body) (local.get $length)
            (local.get $l4) (i32.add (local.get $l4) (local.get $room)) (local.get $sum)))))
    (local.set $field
      (i32.add (local.get $l4) (select (i32.const 6) (i32.const 16) (i32.and (local.get $found) (i32.const 4)))))
    ;; Without what stood there.
    (local.set $checksum
      (i32.xor
        (call $fold
          (i64.add
            (local.get $sum)
            (i64.extend_i32_u
              (i32.xor (i32.load16_u (i32.add (local.get $headers) (local.get $field))) (i32.const 0xffff)))))
        (i32.const 0xffff)))
    ;; For UDP 0 would mean none.
    (if (i32.and (i32.eqz (local.get $checksum)) (i32.shr_u (local.get $found) (i32.const 2)))
      (then (local.set $checksum (i32.const 0xffff))))
    (i32.store16 (i32.add (local.get $to) (local.get $field)) (local.get $checksum))
    (call $store (local.get $descriptor) (local.get $a) (local.get $b) (local.get $c) (local.get $d)))

  ;; Whether two untagged frames in which `inspect` found the same have the same IP addresses and ports.
  (func $same_flow (param $a i32) (param $b i32) (param $found i32) (result i32)
    (if (i32.and (local.get $found) (i32.const 2))
      (then
        (return
          (i32.and
            (i32.eqz
              (v128.any_true
                (v128.or
                  (v128.xor (v128.load offset=22 (local.get $a)) (v128.load offset=22 (local.get $b)))
                  (v128.xor (v128.load offset=38 (local.get $a)) (v128.load offset=38 (local.get $b))))))
            (i32.eq (i32.load offset=54 (local.get $a)) (i32.load offset=54 (local.get $b)))))))
    (i32.and
      (i64.eq (i64.load offset=26 (local.get $a)) (i64.load offset=26 (local.get $b)))
      (i32.eq (i32.load offset=34 (local.get $a)) (i32.load offset=34 (local.get $b)))))

  ;; Delivers a frame that goes the way of another, of which is known at $model: its first 64 bytes, and from there on in dwords what
  ;; `inspect` found and whether it verified, what to add to the status where a checksum is found to be wrong, the bytes of the tag
  ;; in front of IP, those of them to be left out, whether the flow has to be the same too, the dwords of the descriptor (the last one
  ;; without the length), whether the second of them is the IP identification instead, 1 where the transport checksum is to be made
  ;; and 3 where that of IPv4 is too, and at 112 which bits of the first 16 bytes have to be the same. The frame goes on at $body as in
  ;; `deliver`. 0 where it is not like that one.
  (func $deliver_alike (param $model i32) (param $at i32) (param $body i32) (param $length i32) (param $to i32) (param $descriptor i32)
    (result i32)
    (local $ip i32) (local $found i32) (local $headers i32) (local $second i32) (local $last i32)
    (if (v128.any_true
          (v128.and
            (v128.xor (v128.load (local.get $at)) (v128.load (local.get $model)))
            (v128.load offset=112 (local.get $model))))
      (then (return (i32.const 0))))
    (local.set $found (i32.load offset=64 (local.get $model)))
    (local.set $ip (i32.add (local.get $at) (i32.load offset=76 (local.get $model))))
    (if (i32.load offset=84 (local.get $model))
      (then
        (if (i32.eqz
              (call $same_flow
                (local.get $ip)
                (i32.add (local.get $model) (i32.load offset=76 (local.get $model)))
                (local.get $found)))
          (then (return (i32.const 0))))))
    (if (i32.ne
          (call $inspect
            (local.get $ip)
            (i32.sub (local.get $length) (i32.load offset=76 (local.get $model)))
            (i32.load offset=68 (local.get $model)))
          (local.get $found))
      (then (return (i32.const 0))))
    (local.set $headers (i32.add (local.get $at) (i32.load offset=80 (local.get $model))))
    (local.set $body (i32.add (local.get $body) (i32.load offset=80 (local.get $model))))
    (local.set $length (i32.sub (local.get $length) (i32.load offset=80 (local.get $model))))
    (local.set $last (i32.or (local.get $length) (i32.load offset=100 (local.get $model))))
    (local.set $second (i32.load offset=92 (local.get $model)))
    (if (i32.load offset=104 (local.get $model))
      (then (local.set $second (call $swap (i32.load16_u offset=18 (local.get $ip))))))
    (if (i32.load offset=72 (local.get $model))
      (then
        (drop
          (call $deliver_verified (local.get $to) (local.get $at) (local.get $headers) (local.get $body) (local.get $length)
            (local.get $found) (local.get $descriptor) (i32.load offset=88 (local.get $model)) (local.get $second)
            (i32.load offset=96 (local.get $model)) (local.get $last) (i32.load offset=72 (local.get $model))))
        (return (i32.const 1))))
    (if (i32.load offset=108 (local.get $model))
      (then
        (call $deliver_completed (local.get $to) (local.get $headers) (local.get $body) (local.get $length)
          (local.get $found) (local.get $descriptor) (i32.load offset=88 (local.get $model)) (local.get $second)
          (i32.load offset=96 (local.get $model)) (local.get $last))
        (return (i32.const 1))))
    (call $deliver (local.get $to) (local.get $at) (local.get $headers) (local.get $body) (local.get $length)
      (local.get $descriptor) (i32.load offset=88 (local.get $model)) (local.get $second)
      (i32.load offset=96 (local.get $model)) (local.get $last))
    (i32.const 1))

  (func (export "deliverAlike") (param $model i32) (param $at i32) (param $length i32) (param $to i32) (param $descriptor i32) (result i32)
    (call $deliver_alike (local.get $model) (local.get $at) (local.get $at) (local.get $length) (local.get $to) (local.get $descriptor)))

  ;; The same for a frame that somebody else may be writing to: what is gone by is copied to $copy first, which is all of it where it is
  ;; short, or its checksum is verified before it is delivered.
  (func (export "deliverAlikeCopied") (param $model i32) (param $copy i32) (param $at i32) (param $length i32) (param $to i32)
    (param $descriptor i32) (result i32)
    (if (i32.or (i32.le_u (local.get $length) (i32.const 256)) (i32.load offset=68 (local.get $model)))
      (then
        (call $copy (local.get $copy) (local.get $at) (local.get $length))
        (local.set $at (local.get $copy)))
      (else
        (call $copy (local.get $copy) (local.get $at)
          (i32.add (i32.const 128) (i32.load offset=76 (local.get $model))))))
    (if (i32.and (i32.load offset=108 (local.get $model)) (i32.const 2)) (then (call $complete_ipv4 (local.get $copy))))
    (call $deliver_alike (local.get $model) (local.get $copy) (local.get $at) (local.get $length) (local.get $to) (local.get $descriptor))))
