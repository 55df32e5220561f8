@business_data
Feature: Conversations are kept for their owner
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Make the product the place where cost decisions are written down
  Value impact:     Customers find what was said, and nobody else does
  Strategic impact: A kept history is the reason to stay with us

  @DBL-02 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: Conversations belong to their owner

    @smoke
    Scenario: A conversation reads as it was written
      Given Acme is a Free customer
      When Acme begins a conversation and writes in it
      Then the conversation reads as it was written

    @gate
    Scenario: Conversations that come and go make no page repeat or leave out another
      Given Acme is a Mid customer
      And Acme has ten conversations
      When Acme pages through them while conversations come and go
      Then each conversation that stayed was shown once, newest first

    @gate
    Scenario: Messages that are added make no page repeat or leave out another
      Given Acme is an Early customer
      And Acme has a long conversation
      When Acme pages through its messages while more are written
      Then every message was shown once, in the order in which it was written

    @gate
    Scenario: A renamed conversation keeps what was said
      Given Acme is an Early customer
      And Acme has two conversations
      When Acme renames the first conversation
      Then the first conversation reads as it was, under its new title
      And the second conversation reads as it was

    @gate
    Scenario: A deleted conversation is gone with all that was said
      Given Acme is an Enterprise customer
      And Acme has two conversations
      When Acme deletes the first conversation
      Then the first conversation is answered as if it had never existed
      And the records hold nothing of the first conversation
      And the second conversation reads as it was

    @gate
    Scenario: A conversation is not deleted while an agent is at work in it
      Given Acme is a Mid customer
      And Acme has started an agent that waits for the partner
      When Acme deletes the agent's conversation, and then the partner answers
      Then Acme is told that the agent is still at work there
      And Acme's run completes

    @gate
    Scenario: Nobody else can read, change or guess a conversation
      Given Ben of Acme, Acme and Borealis each have a conversation
      When Ben of Acme and Borealis try to read and change Acme's conversation
      Then each is answered as if the conversation had never existed
      And each still finds their own conversation and no other
      And Acme's conversation reads as it was
