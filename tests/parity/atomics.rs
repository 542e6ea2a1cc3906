//! Atomics.

use raddle::Checker;

over_std_and_facade! {
    atomics: {
        use krate;
        use krate::sync::atomic::{AtomicBool, AtomicI8, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};

        pub(crate) fn run() {
            let order = Ordering::SeqCst;
            let load: fn(&AtomicUsize, Ordering) -> usize = AtomicUsize::load;
            let exchange: fn(&AtomicUsize, usize, usize, Ordering, Ordering) -> Result<usize, usize> =
                AtomicUsize::compare_exchange;
            let n = AtomicUsize::new(1);
            assert_eq!((load(&n, order), exchange(&n, 1, 2, order, order), exchange(&n, 1, 3, order, order)), (1, Ok(1), Err(2)));
            n.store(3, order);
            assert_eq!((n.swap(4, order), n.fetch_add(1, order), n.fetch_sub(1, order)), (3, 4, 5));
            assert_eq!((n.fetch_and(6, order), n.fetch_or(1, order), n.fetch_xor(5, order)), (4, 4, 5));
            assert_eq!((n.fetch_max(9, order), n.fetch_min(2, order), n.fetch_nand(2, order)), (0, 9, 2));
            assert_eq!(n.fetch_update(order, order, |n| n.checked_add(1)), Err(usize::MAX - 2).or(Ok(usize::MAX - 2)));
            while n.compare_exchange_weak(usize::MAX - 1, 7, order, order).is_err() {}
            assert_eq!(n.into_inner(), 7);
            let wraps = AtomicI8::new(i8::MAX);
            assert_eq!((wraps.fetch_add(1, order), wraps.load(order)), (i8::MAX, i8::MIN));
            let flag = AtomicBool::default();
            assert!(!flag.fetch_or(true, order) && flag.fetch_not(order) && !flag.into_inner());
            let mut target = 7;
            let pointer = AtomicPtr::new(&raw mut target);
            assert!(!pointer.swap(std::ptr::null_mut(), order).is_null() && pointer.into_inner().is_null());
            let _ = AtomicU64::from(1);
            fence(order);
            #[allow(deprecated)]
            krate::sync::atomic::spin_loop_hint();
        }
    }

    exclusively: {
        use krate;
        use krate::sync::atomic::{AtomicBool, AtomicI8, AtomicUsize, Ordering};

        pub(crate) fn run() {
            let order = Ordering::SeqCst;
            let get_mut: for<'a> fn(&'a mut AtomicUsize) -> &'a mut usize = AtomicUsize::get_mut;
            let mut n = AtomicUsize::new(1);
            *get_mut(&mut n) += 1;
            *get_mut(&mut n) += 1;
            assert_eq!((n.fetch_add(1, order), n.load(order)), (3, 4));
            *get_mut(&mut n) = 7;
            assert_eq!((*get_mut(&mut n), n.into_inner()), (7, 7));
            let (mut flag, mut small) = (AtomicBool::new(false), AtomicI8::new(-1));
            *flag.get_mut() = true;
            *small.get_mut() -= 1;
            assert_eq!((flag.load(order), small.load(order)), (true, -2));

            // The address of the value is not available in a model.
            let as_ptr: fn(&AtomicUsize) -> *mut usize = AtomicUsize::as_ptr;
            std::hint::black_box(as_ptr);
            let n = AtomicUsize::new(1);
            assert_eq!((n.try_update(order, order, |n| (n == 1).then_some(2)), n.load(order)), (Ok(1), 2));
            assert_eq!(n.try_update(order, order, |n| (n == 1).then_some(2)), Err(2));
            assert_eq!((n.update(order, order, |n| n + 1), n.load(order)), (2, 3));
            #[allow(deprecated)]
            let swapped = (n.compare_and_swap(3, 4, order), n.compare_and_swap(3, 5, Ordering::Relaxed));
            assert_eq!((swapped, n.into_inner()), ((3, 4), 4));
        }
    }

    pointers: {
        use krate;
        use krate::sync::atomic::{AtomicPtr, Ordering};

        pub(crate) fn run() {
            let order = Ordering::AcqRel;
            let mut items = [1_u16, 2, 3];
            let first = items.as_mut_ptr();
            let mut pointer = AtomicPtr::new(first);
            assert_eq!((pointer.fetch_ptr_add(2, order), pointer.fetch_ptr_sub(1, order)), (first, first.wrapping_add(2)));
            assert_eq!((pointer.fetch_byte_sub(2, order), pointer.fetch_byte_add(4, order)), (first.wrapping_add(1), first));
            // SAFETY: it points to the last item.
            assert_eq!(unsafe { *pointer.load(Ordering::Acquire) }, 3);
            *pointer.get_mut() = first;
            assert_eq!((pointer.fetch_or(1, order), pointer.fetch_xor(1, order)), (first, first.map_addr(|a| a | 1)));
            assert_eq!((pointer.fetch_and(!1, order), pointer.load(Ordering::Relaxed)), (first, first));
            assert_eq!(format!("{pointer:p}"), format!("{first:p}"));
        }
    }
}

both!(atomics, exclusively, pointers; under loom: atomics, exclusively, pointers);
