//! Channels.

use raddle::Checker;

over_std_and_facade! {
    channels: {
        use krate;
        use std::time::Duration;
        use krate::sync::mpsc::{
            self, Receiver, RecvError, RecvTimeoutError, SendError, Sender, SyncSender, TryRecvError, TrySendError,
        };
        use krate::thread;

        pub(crate) fn run() {
            let channel: fn() -> (Sender<i32>, Receiver<i32>) = mpsc::channel;
            let sync_channel: fn(usize) -> (SyncSender<i32>, Receiver<i32>) = mpsc::sync_channel;
            let send: fn(&Sender<i32>, i32) -> Result<(), SendError<i32>> = Sender::send;
            let sync_send: fn(&SyncSender<i32>, i32) -> Result<(), SendError<i32>> = SyncSender::send;
            let try_send: fn(&SyncSender<i32>, i32) -> Result<(), TrySendError<i32>> = SyncSender::try_send;
            let recv: fn(&Receiver<i32>) -> Result<i32, RecvError> = Receiver::recv;
            let try_recv: fn(&Receiver<i32>) -> Result<i32, TryRecvError> = Receiver::try_recv;
            let recv_timeout: fn(&Receiver<i32>, Duration) -> Result<i32, RecvTimeoutError> = Receiver::recv_timeout;

            let (sender, receiver) = channel();
            let other = sender.clone();
            send(&sender, 1).unwrap();
            send(&other, 2).unwrap();
            assert_eq!((recv(&receiver), try_recv(&receiver)), (Ok(1), Ok(2)));
            assert_eq!(try_recv(&receiver), Err(TryRecvError::Empty));
            assert_eq!(recv_timeout(&receiver, Duration::from_millis(1)), Err(RecvTimeoutError::Timeout));
            drop(sender);
            assert_eq!(try_recv(&receiver), Err(TryRecvError::Empty));
            drop(other);
            assert_eq!(try_recv(&receiver), Err(TryRecvError::Disconnected));
            assert_eq!(recv_timeout(&receiver, Duration::from_millis(1)), Err(RecvTimeoutError::Disconnected));
            assert_eq!(recv(&receiver), Err(RecvError));

            let (sender, receiver) = sync_channel(1);
            sync_send(&sender, 1).unwrap();
            assert_eq!(try_send(&sender, 2), Err(TrySendError::Full(2)));
            assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1]);
            drop(receiver);
            assert_eq!(try_send(&sender, 3), Err(TrySendError::Disconnected(3)));
            assert_eq!(sync_send(&sender, 4), Err(SendError(4)));

            let (sender, receiver) = sync_channel(0);
            assert_eq!(try_send(&sender, 1), Err(TrySendError::Full(1)));
            let child = thread::spawn(move || (1..3).for_each(|n| sync_send(&sender, n).unwrap()));
            assert_eq!((&receiver).into_iter().next(), Some(1));
            assert_eq!(receiver.iter().next(), Some(2));
            assert_eq!(receiver.into_iter().next(), None);
            child.join().unwrap();
        }
    }
}

both!(channels);
