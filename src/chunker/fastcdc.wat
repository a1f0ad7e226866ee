;; The cut search of FastCDC 2020 (FORMAT.md, section 2; the paper's section 3). Everything around it (sizes, windows) is in fastcdc-wasm.ts.
;;
;; Memory, which the host makes:  0 .. 2047  the gear table, 256 x i64, little-endian
;;                                then       the window with the bytes to search
(module
  (import "host" "memory" (memory 1))

  ;; Searches the addresses [$at, $end) from left to right and returns the first at which the rolling hash, with that address's byte shifted in,
  ;; has only zeros under the mask; $end if there is none. The hash is 0 before $at. The mask is $mask below $center, $mask_large from there on.
  ;; Requires $at <= $center <= $end.
  (func (export "search")
    (param $at i32) (param $center i32) (param $end i32) (param $mask i64) (param $mask_large i64)
    (result i32)
    (local $hash i64)
    (local $stop i32)                     ;; end of the part that is searched with the present $mask

    (local.set $stop (local.get $center))
    (loop $part

      ;; Four bytes a turn: twice as fast as one (3.9 and 2.1 GB/s); eight gain another 5 %, which is not worth the length.
      ;; hash * 2 is written as a shift, because V8 then makes one `lea` of the shift and the addition.
      (block $four_done
        (loop $four
          (br_if $four_done (i32.gt_u (i32.add (local.get $at) (i32.const 4)) (local.get $stop)))

          (local.set $hash (i64.add (i64.shl (local.get $hash) (i64.const 1))
            (i64.load (i32.shl (i32.load8_u offset=0 (local.get $at)) (i32.const 3)))))
          (if (i64.eqz (i64.and (local.get $hash) (local.get $mask)))
            (then (return (local.get $at))))

          (local.set $hash (i64.add (i64.shl (local.get $hash) (i64.const 1))
            (i64.load (i32.shl (i32.load8_u offset=1 (local.get $at)) (i32.const 3)))))
          (if (i64.eqz (i64.and (local.get $hash) (local.get $mask)))
            (then (return (i32.add (local.get $at) (i32.const 1)))))

          (local.set $hash (i64.add (i64.shl (local.get $hash) (i64.const 1))
            (i64.load (i32.shl (i32.load8_u offset=2 (local.get $at)) (i32.const 3)))))
          (if (i64.eqz (i64.and (local.get $hash) (local.get $mask)))
            (then (return (i32.add (local.get $at) (i32.const 2)))))

          (local.set $hash (i64.add (i64.shl (local.get $hash) (i64.const 1))
            (i64.load (i32.shl (i32.load8_u offset=3 (local.get $at)) (i32.const 3)))))
          (if (i64.eqz (i64.and (local.get $hash) (local.get $mask)))
            (then (return (i32.add (local.get $at) (i32.const 3)))))

          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (br $four)))

      ;; The up to three bytes that are left.
      (block $one_done
        (loop $one
          (br_if $one_done (i32.ge_u (local.get $at) (local.get $stop)))
          (local.set $hash (i64.add (i64.shl (local.get $hash) (i64.const 1))
            (i64.load (i32.shl (i32.load8_u (local.get $at)) (i32.const 3)))))
          (if (i64.eqz (i64.and (local.get $hash) (local.get $mask)))
            (then (return (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $one)))

      ;; From the center on with the other mask. The hash goes on.
      (if (i32.lt_u (local.get $stop) (local.get $end))
        (then
          (local.set $stop (local.get $end))
          (local.set $mask (local.get $mask_large))
          (br $part))))

    (local.get $end)))
